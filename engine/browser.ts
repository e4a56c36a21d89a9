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
import { TuskError, toTuskError } from './errors.ts';
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
  const { library, checkpoint, renderer = 'dist/renderer', port } = options();
  const studio = await Studio.open({
    folder: library,
    spawn: spawnEngine,
    ...(checkpoint && { checkpoint }),
  });
  const server = await startServer({ studio, renderer, port }).catch(async (thrown) => {
    await studio.close();
    throw thrown;
  });
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

const LARGEST_PORT = 65_535;

/** @throws TuskError `bad-request`. */
function options() {
  try {
    const { port: asked, ...rest } = parseArgs({ options: OPTIONS }).values;
    const port = Number(asked);
    if (!Number.isInteger(port) || port < 0 || port > LARGEST_PORT)
      throw new Error(`"${asked}" is no port: a whole number up to ${LARGEST_PORT}`);
    return { ...rest, port };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new TuskError('bad-request', message, {
      hint: 'The options are --library, --port, --checkpoint.',
      cause,
    });
  }
}

try {
  await main();
} catch (thrown) {
  const { message, hint } = toTuskError(thrown);
  console.error([message, hint].filter(Boolean).join('\n'));
  process.exitCode = 1;
}
