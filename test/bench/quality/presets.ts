/**
 * What the presets cost in quality, and the drift guard: the frozen test of the embedded model's recipe, made with each
 * preset by this engine and judged by the recipe's scorer; then the edits of the first as the guard leaves them. Prompts
 * and seeds are the same for all, so differences are paired.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { EngineClient } from '../../../engine/client.ts';
import { guardEdit } from '../../../engine/image/drift.ts';
import { encodePng } from '../../../engine/image/transform.ts';
import { spawnEngine } from '../../../engine/spawn.ts';

const run = promisify(execFile);
const JUDGE = fileURLToPath(new URL('./judge.py', import.meta.url));
const MOST_OUTPUT = 2 ** 26;

/** Points each preset may lose to the first. */
const ALLOWED = { best: 0, balanced: 1, fast: 3 } as const;
type Preset = keyof typeof ALLOWED;
const PRESETS = Object.keys(ALLOWED) as Preset[];
const GUARD = 'best, edits guarded';
const GUARD_ALLOWED = 0;

export interface Quality {
  name: string;
  /** Pictures that passed, of how many. */
  passed: number;
  total: number;
  /** Wilson's 95 % interval of the share. */
  interval: readonly [number, number];
  /** Against best, of the same prompts and seeds: points lost, and the 95 % interval of that. */
  lost: number;
  lostInterval: readonly [number, number];
  allowed: number;
}

export interface QualityOptions {
  python: string;
  /** Every nth prompt and instruction of the test. */
  every: number;
  seeds: number;
}

interface Task {
  index: number;
  seed: number;
  text: string;
  /** Path of the picture to edit; absent for prompts. */
  source?: string;
}

export async function measureQuality({ python, every, seeds }: QualityOptions): Promise<Quality[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tusk-quality-'));
  const engine = spawnEngine();
  try {
    const tasks = await listTasks(python, folder, every, seeds);
    const verdicts: Record<string, boolean>[] = [];
    for (const preset of PRESETS) {
      await make(engine.client, preset, tasks, join(folder, preset));
      verdicts.push(await judged(python, join(folder, preset)));
    }
    const best = verdicts[0]!;
    const guarded = join(folder, 'guarded');
    const edits = await guardAll(tasks, join(folder, PRESETS[0]!), guarded);
    return [
      ...PRESETS.map((preset, i) => quality(preset, verdicts[i]!, best, ALLOWED[preset])),
      quality(GUARD, await judged(python, guarded), only(best, edits), GUARD_ALLOWED),
    ];
  } finally {
    await engine.stop();
    await rm(folder, { recursive: true });
  }
}

async function listTasks(python: string, folder: string, every: number, seeds: number): Promise<Task[]> {
  const { prompts, instructions } = JSON.parse(await ask(python, '--list')) as Record<string, string[]>;
  await ask(python, '--sources', folder);
  const tasks: Task[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    for (let index = 0; index < prompts!.length; index += every)
      tasks.push({ index, seed, text: prompts![index]! });
    for (let index = 0; index < instructions!.length; index += every)
      tasks.push({ index, seed, text: instructions![index]!, source: join(folder, `source-${index}.png`) });
  }
  return tasks;
}

async function make(
  client: EngineClient,
  preset: Preset,
  tasks: readonly Task[],
  folder: string,
): Promise<void> {
  await mkdir(folder);
  const manifest: Record<'created' | 'edited', object[]> = { created: [], edited: [] };
  for (const task of tasks) {
    const { index, seed, text, source } = task;
    const settings = { preset, seed, previews: false };
    const { pictures } =
      source === undefined
        ? await client.run('create', { ...settings, prompt: text })
        : await client.run('edit', { ...settings, instruction: text, pictures: [{ path: source }] });
    const file = fileOf(task);
    await writeFile(join(folder, file), pictures[0]!.picture.bytes);
    manifest[verbOf(task)].push({ index, file });
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
}

const verbOf = ({ source }: Task) => (source === undefined ? 'created' : 'edited');
const fileOf = (task: Task): string => `${verbOf(task)}-${task.index}-${task.seed}.png`;

/** The edits of a folder as the drift guard leaves them, in another one. @returns their files. */
async function guardAll(tasks: readonly Task[], from: string, folder: string): Promise<string[]> {
  await mkdir(folder);
  const edited: { index: number; file: string }[] = [];
  for (const task of tasks) {
    if (task.source === undefined) continue;
    const file = fileOf(task);
    const made = await readFile(join(from, file));
    const laidBack = await guardEdit(await readFile(task.source), made);
    await writeFile(join(folder, file), laidBack ? await encodePng(laidBack, true) : made);
    edited.push({ index: task.index, file });
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ created: [], edited }));
  return edited.map(({ file }) => file);
}

const only = <T>(all: Record<string, T>, names: readonly string[]): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, all[name]!]));

const judged = async (python: string, folder: string): Promise<Record<string, boolean>> =>
  JSON.parse(await ask(python, folder));

const ask = async (python: string, ...arguments_: string[]): Promise<string> =>
  (await run(python, [JUDGE, ...arguments_], { maxBuffer: MOST_OUTPUT })).stdout;

function quality(
  name: string,
  verdicts: Record<string, boolean>,
  best: Record<string, boolean>,
  allowed: number,
): Quality {
  const files = Object.keys(best);
  const total = files.length;
  const passed = files.filter((file) => verdicts[file]).length;
  const differences = files.map((file) => Number(best[file]) - Number(verdicts[file]));
  const lost = differences.reduce((sum, d) => sum + d, 0) / total;
  const variance = differences.reduce((sum, d) => sum + (d - lost) ** 2, 0) / total;
  const reach = Z * Math.sqrt(variance / total);
  return {
    ...{ name, passed, total, interval: wilson(passed, total) },
    ...{ lost: 100 * lost, lostInterval: [100 * (lost - reach), 100 * (lost + reach)] },
    allowed,
  };
}

/** Of a 95 % interval. */
const Z = 1.96;

function wilson(passed: number, total: number): [number, number] {
  const share = passed / total;
  const middle = (share + Z ** 2 / (2 * total)) / (1 + Z ** 2 / total);
  const half =
    (Z * Math.sqrt((share * (1 - share)) / total + Z ** 2 / (4 * total ** 2))) / (1 + Z ** 2 / total);
  return [middle - half, middle + half];
}

/** @returns whether every preset keeps to its points */
export function printQuality(qualities: readonly Quality[]): boolean {
  const percent = (share: number) => (100 * share).toFixed(1);
  for (const { name, passed, total, interval, lost, lostInterval, allowed } of qualities) {
    const verdict = lost <= allowed ? 'ok' : 'TOO MUCH';
    const shares = `${percent(passed / total)} % (${interval.map(percent).join('–')})`;
    const loss = `${lost.toFixed(1)} (${lostInterval.map((value) => value.toFixed(1)).join(' to ')})`;
    console.log(
      `${name.padEnd(20)} ${passed} of ${total}: ${shares}; points lost ${loss} of ${allowed}: ${verdict}`,
    );
  }
  return qualities.every(({ lost, allowed }) => lost <= allowed);
}
