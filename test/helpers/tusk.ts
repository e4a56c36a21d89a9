/** Runs the real `tusk` command in a process of its own, one thread, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const COMMAND = resolve('scripts/tusk.mjs');

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export const workFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'tusk-cli-'));

export function startTusk(args: readonly string[], folder: string): ChildProcess {
  const env = { ...process.env, TUSK_THREADS: '1' };
  return spawn(process.execPath, [COMMAND, ...args], { cwd: folder, env, stdio: 'pipe' });
}

/** @param input written to its standard input, which is then closed. */
export async function tusk(args: readonly string[], folder: string, input = ''): Promise<Finished> {
  const child = startTusk(args, folder);
  child.stdin!.end(input);
  return finished(child);
}

export async function finished(child: ChildProcess): Promise<Finished> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...texts };
}

/** Calls `act` when an event of that kind is printed by a command run with `--json`. */
export function onJsonEvent(child: ChildProcess, name: string, act: () => void): void {
  const lines = createInterface({ input: child.stdout! });
  lines.on('line', (line) => {
    if ((JSON.parse(line) as { event: string }).event !== name) return;
    lines.removeAllListeners('line');
    act();
  });
}

export const jsonLines = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
