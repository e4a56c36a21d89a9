/** The real server in a process of its own, on the committed checkpoint, and a connection to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { StudioClient } from '../e2e/studio.ts';
import { CHECKPOINT } from './studio.ts';

export interface ServerProcess {
  child: ChildProcess;
  address: string;
  cookie: string;
  studio: StudioClient;
}

async function spawnServer(library: string, further: readonly string[] = []): Promise<ChildProcess> {
  const renderer = await mkdtemp(join(tmpdir(), 'tusk-page-'));
  await writeFile(join(renderer, 'index.html'), '<!doctype html><title>Tusk</title>');
  const options = ['--library', library, '--checkpoint', CHECKPOINT, '--renderer', renderer, ...further];
  return spawn(process.execPath, ['--import', 'tsx', 'engine/browser.ts', ...options], {
    env: { ...process.env, TUSK_THREADS: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** @throws Error with the server's own words if it doesn't start. */
export async function openServer(library: string): Promise<ServerProcess> {
  const child = await spawnServer(library);
  const said = text(child.stderr!);
  for await (const line of createInterface({ input: child.stdout! })) {
    const address = /Tusk is at (\S+)/.exec(line)?.[1];
    if (!address) continue;
    const { headers } = await fetch(address, { redirect: 'manual' });
    const cookie = headers.get('set-cookie')!.split(';')[0]!;
    return { child, address, cookie, studio: await StudioClient.open(address, cookie) };
  }
  throw new Error(await said);
}

/** What a server says that ends by itself. */
export async function refusedServer(
  library: string,
  ...options: string[]
): Promise<{ code: number | null; said: string }> {
  const child = await spawnServer(library, options);
  const said = text(child.stderr!);
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code, said: await said };
}

export async function endServer({ child }: ServerProcess, signal: NodeJS.Signals): Promise<number | null> {
  const ended = once(child, 'exit');
  child.kill(signal);
  const [code] = (await ended) as [number | null];
  return code;
}
