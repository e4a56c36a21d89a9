/**
 * The high-water mark of the engine's process during one create (Linux: VmHWM, mapped weights included).
 *
 *   node --import tsx test/bench/memory.ts [checkpoint]      default: a synthesized one of 2 GB float32
 */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnEngine } from '../../engine/spawn.ts';
import { SHORT_RUN, scaleTo, synthesize } from './synthesize.ts';

const LIMIT_FACTOR = 1.25;
const LIMIT_EXTRA_BYTES = 400e6;

/** Bytes. */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** Makes one picture in a fresh engine. */
export async function measureCreate(
  checkpoint: string | undefined,
): Promise<{ peakBytes: number; seconds: number }> {
  const engine = spawnEngine();
  try {
    const params = { checkpoint, prompt: 'a red apple', seed: 7 };
    const { timings } = await engine.client.run('create', params);
    return { peakBytes: await peakMemory(engine.pid), seconds: timings.totalMs / 1_000 };
  } finally {
    await engine.stop();
  }
}

async function weightBytes(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.safetensors'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function main(given: string | undefined): Promise<void> {
  const folder = given ?? (await mkdtemp(join(tmpdir(), 'tusk-synthetic-')));
  try {
    if (given === undefined) await synthesize(folder, scaleTo(2), SHORT_RUN);
    const size = await weightBytes(folder);
    const { peakBytes, seconds } = await measureCreate(folder);
    const limit = LIMIT_FACTOR * size + LIMIT_EXTRA_BYTES;
    const verdict = peakBytes <= limit ? 'ok' : 'TOO MUCH';
    const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
    console.log(
      `weights ${megabytes(size)}, peak ${megabytes(peakBytes)}, limit ${megabytes(limit)}: ${verdict} (${seconds.toFixed(1)} s)`,
    );
    if (peakBytes > limit) process.exitCode = 1;
  } finally {
    if (given === undefined) await rm(folder, { recursive: true });
  }
}

if (process.argv[1]?.endsWith('memory.ts')) await main(process.argv[2]);
