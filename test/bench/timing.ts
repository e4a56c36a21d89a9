/** Medians, and how times are written. */

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
