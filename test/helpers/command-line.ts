/** Runs the `tusk` command as a person does, in a folder of its own. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { removeFolder } from './checkpoint-folder.ts';

const TUSK = resolve('scripts/tusk.mjs');

export interface CommandResult {
  exitCode: number | null;
  /** One object a line of standard output, with `--json`. */
  events: Record<string, unknown>[];
  stderr: string;
  /** Names of what lay in the working folder afterwards. */
  files: string[];
}

/** @param prepare puts files into the working folder first; their names are not in `files`. */
export async function runTusk(
  args: readonly string[],
  prepare: (folder: string) => unknown = () => undefined,
): Promise<CommandResult> {
  const folder = await mkdtemp(join(tmpdir(), 'tusk-command-'));
  try {
    await prepare(folder);
    const before = new Set(await readdir(folder));
    const { exitCode, stdout, stderr } = await spawnTusk([...args, '--json'], folder);
    const events = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const files = (await readdir(folder)).filter((name) => !before.has(name));
    return { exitCode, events, stderr, files };
  } finally {
    await removeFolder(folder);
  }
}

function spawnTusk(args: readonly string[], cwd: string) {
  return new Promise<{ exitCode: number | null; stdout: string; stderr: string }>((done, fail) => {
    const child = spawn(process.execPath, [TUSK, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', fail);
    child.on('close', (exitCode) => done({ exitCode, stdout, stderr }));
  });
}
