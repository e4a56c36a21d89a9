/** A studio that gets three jobs into the library named by its argument, says their ids and waits to be killed. */
import { openStudio, send } from './studio.ts';

const { studio } = await openStudio(process.argv[2]!);
const ids: string[] = [];
for (const message of ['a red apple', 'a boat', 'a house'])
  ids.push((await send(studio, message)).jobs[0]!.id);
process.send!(ids);
