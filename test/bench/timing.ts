/** Medians, and how times are written. */
import { readdir, readFile } from 'node:fs/promises';

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

export interface Measured {
  /** Of the wall. */
  ms: number;
  /** That the processor gave this process meanwhile, all its threads together. */
  processorMs: number;
}

/** Medians of some runs after one that isn't counted, in this process. */
export async function measured(work: () => Promise<unknown>, repetitions: number): Promise<Measured> {
  const runs: Measured[] = [];
  for (let i = 0; i <= repetitions; i++) {
    const [from, before] = [performance.now(), process.cpuUsage()];
    await work();
    const { user, system } = process.cpuUsage(before);
    if (i > 0) runs.push({ ms: performance.now() - from, processorMs: (user + system) / 1e3 });
  }
  return medians(runs);
}

export const medians = (runs: readonly Measured[]): Measured => ({
  ms: median(runs.map(({ ms }) => ms)),
  processorMs: median(runs.map(({ processorMs }) => processorMs)),
});

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
