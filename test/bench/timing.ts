/** Medians, and how times are written. */
import { readdir, readFile } from 'node:fs/promises';

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Milliseconds: the median of some runs after one that isn't counted. */
export async function medianTime(work: () => Promise<unknown>, repetitions: number): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i <= repetitions; i++) {
    const from = performance.now();
    await work();
    if (i > 0) times.push(performance.now() - from);
  }
  return median(times);
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
export const perSecond = (count: number, ms: number): string => `${(count / (ms / 1_000)).toFixed(1)} /s`;

/** Milliseconds the processor gave a process's threads so far; NaN where the system doesn't say (all but Linux). */
export async function processorTime(pid: number): Promise<number> {
  try {
    const threads = await readdir(`/proc/${pid}/task`);
    const stats = await Promise.all(
      threads.map((id) => readFile(`/proc/${pid}/task/${id}/schedstat`, 'utf8')),
    );
    return stats.reduce((sum, stat) => sum + Number(stat.split(' ')[0]), 0) / 1e6;
  } catch {
    return Number.NaN;
  }
}
