/**
 * The whole published size, in seeded random weights of 32 GB: its compile from a cold cache, and one small
 * picture from what that made, within the memory of a machine of 16 GB without a GPU.
 */
import { execFile, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { exists } from '../../engine/checkpoint/file.ts';
import { spawnEngine } from '../../engine/spawn.ts';
import { peakMemory } from './memory.ts';
import { publishedWhole } from './published.ts';
import { writePublishedVocabulary } from './published-vocabulary.ts';
import { synthesize } from './synthesize.ts';

const run = promisify(execFile);

const TUSK = { sizes: [[256, 256]], steps: 2 };
/** Of the source, read once before the compile: the disk's own rate. */
const DISK_BYTES = 4e9;
const WATCH_MS = 50;
/** What a system of 16 GB leaves free. */
const BUDGET = '13GB';

export interface WholeCost {
  sourceBytes: number;
  diskBytesPerSecond: number;
  compile: { ms: number; peakBytes: number; compiledBytes: number };
  create: {
    ms: number;
    planMs: number;
    stepsMs: number;
    decodeMs: number;
    tokens: number;
    peakBytes: number;
    plannedBytes: number;
  };
}

/** @param folder gets 32 GB of weights, kept for another time; beside it stands a cache, 13 GB. @param tell what happens now */
export async function measureWhole(folder: string, tell: (what: string) => void): Promise<WholeCost> {
  const weights = join(folder, 'model.safetensors');
  if (!(await exists(weights))) {
    tell('writing the weights');
    await synthesize(folder, publishedWhole, TUSK, 'BF16');
    await writePublishedVocabulary(folder);
  }
  tell('reading from the disk');
  await forget(weights);
  const diskBytesPerSecond = await readRate(weights);
  tell('compiling');
  await forget(weights);
  const cache = `${folder}-cache`;
  await rm(cache, { recursive: true, force: true });
  process.env.XDG_CACHE_HOME = cache;
  const { sourceBytes, ...compile } = await measureCompile(folder);
  tell('making a picture');
  return { sourceBytes, diskBytesPerSecond, compile, create: await measurePicture(folder) };
}

/** Takes a file out of the system's cache (GNU dd). */
const forget = (path: string) => run('dd', [`if=${path}`, 'iflag=nocache', 'count=0']);

async function readRate(path: string): Promise<number> {
  const from = performance.now();
  for await (const _ of createReadStream(path, { end: DISK_BYTES - 1, highWaterMark: 2 ** 24 }));
  return DISK_BYTES / ((performance.now() - from) / 1_000);
}

async function measureCompile(source: string) {
  const from = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'engine/cli/main.ts', 'compile', source, '--json'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let [peakBytes, last] = [0, ''];
  const watch = setInterval(async () => {
    peakBytes = Math.max(peakBytes, (await peakMemory(child.pid!).catch(() => 0)) || 0);
  }, WATCH_MS);
  try {
    for await (const line of createInterface({ input: child.stdout })) last = line;
    const done = JSON.parse(last) as { event: string; sourceBytes: number; compiledBytes: number };
    if (done.event !== 'done') throw new Error(`The compile ended with: ${last}`);
    const { sourceBytes, compiledBytes } = done;
    return { ms: performance.now() - from, peakBytes, sourceBytes, compiledBytes };
  } finally {
    clearInterval(watch);
  }
}

async function measurePicture(checkpoint: string): Promise<WholeCost['create']> {
  const engine = spawnEngine({ TUSK_MEMORY: BUDGET });
  try {
    const { timings, tokens } = await engine.client.run('create', {
      checkpoint,
      prompt: 'a red apple',
      seed: 7,
    });
    const { totalMs, planMs, stepsMs, decodeMs } = timings;
    const peakBytes = await peakMemory(engine.pid);
    const { plans } = await engine.client.run('info', { checkpoint });
    const plannedBytes = plans.create.peakBytes;
    return { ms: totalMs, planMs, stepsMs, decodeMs, tokens, peakBytes, plannedBytes };
  } finally {
    await engine.stop();
  }
}

export function printWhole({ sourceBytes, diskBytesPerSecond, compile, create }: WholeCost): void {
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  const rate = (bytesPerSecond: number) => `${(bytesPerSecond / 1e6).toFixed(0)} MB/s`;
  const seconds = (ms: number) => `${(ms / 1e3).toFixed(0)} s`;
  const { ms, peakBytes, compiledBytes } = compile;
  const rows = [
    ['the disk, read once', rate(diskBytesPerSecond)],
    [`compile of ${gigabytes(sourceBytes)}, cold`, `${seconds(ms)}, ${rate(sourceBytes / (ms / 1e3))}`],
    ['  its peak memory', gigabytes(peakBytes)],
    ['  what it made', gigabytes(compiledBytes)],
    [`picture of ${TUSK.sizes[0]!.join(' x ')}, ${TUSK.steps} steps, in ${BUDGET}`, seconds(create.ms)],
    [
      `  plan of ${create.tokens} tokens, steps, pixels`,
      [create.planMs, create.stepsMs, create.decodeMs].map(seconds).join(', '),
    ],
    ['  its peak memory; planned', `${gigabytes(create.peakBytes)}; ${gigabytes(create.plannedBytes)}`],
  ];
  for (const [what, value] of rows) console.log(`${what!.padEnd(52)}${value!.padStart(20)}`);
}
