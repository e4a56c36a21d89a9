/** A process that holds the library named by its argument, with one picture in it, until it is killed. */
import { Library } from '../../engine/library/library.ts';
import { newVersion } from './library.ts';

const library = await Library.open(process.argv[2]!);
library.versions.add(newVersion());
process.send!('held');
setInterval(() => {}, 1_000);
