/**
 * Entry of browser mode: opens the library, serves it, prints the address. Enter prints a new address for another
 * browser. Options, each also as an environment variable:
 *   --library FOLDER     TUSK_LIBRARY     where pictures and chats are kept
 *   --port NUMBER        TUSK_PORT        0 = any free one
 *   --checkpoint FOLDER  TUSK_CHECKPOINT  a model in place of the embedded one
 *   --renderer FOLDER                     the built page
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { toTuskError } from './errors.ts';
import { startServer } from './server.ts';
import { spawnEngine } from './spawn.ts';
import { Studio } from './studio/studio.ts';

const OPTIONS = {
  library: { type: 'string', default: process.env.TUSK_LIBRARY ?? join(homedir(), 'Pictures', 'Tusk') },
  port: { type: 'string', default: process.env.TUSK_PORT ?? '0' },
  checkpoint: { type: 'string', default: process.env.TUSK_CHECKPOINT },
  renderer: { type: 'string' },
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  const { library, checkpoint, renderer = 'dist/renderer' } = values;
  const studio = await Studio.open({
    folder: library,
    spawn: spawnEngine,
    ...(checkpoint && { checkpoint }),
  });
  const server = await startServer({ studio, renderer, port: Number(values.port) });
  const say = () => console.log(`Tusk is at ${server.newAddress()}`);
  say();
  createInterface({ input: process.stdin }).on('line', say);
  const end = async () => {
    await server.close();
    await studio.close();
    process.exit(0);
  };
  process.once('SIGINT', () => void end());
  process.once('SIGTERM', () => void end());
}

try {
  await main();
} catch (thrown) {
  const { message, hint } = toTuskError(thrown);
  console.error([message, hint].filter(Boolean).join('\n'));
  process.exitCode = 1;
}
