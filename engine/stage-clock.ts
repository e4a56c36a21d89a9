/** How long the stages of a run took. */
import type { Timings } from './protocol.ts';

type Stage = Exclude<keyof Timings, 'totalMs'>;

export class StageClock {
  private readonly startedAt = performance.now();
  private readonly spent: Record<Stage, number> = {
    loadMs: 0,
    readMs: 0,
    planMs: 0,
    stepsMs: 0,
    decodeMs: 0,
  };

  async time<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    try {
      return await work();
    } finally {
      this.spent[stage] += performance.now() - from;
    }
  }

  /** Milliseconds since the clock was made. */
  elapsed = (): number => performance.now() - this.startedAt;

  timings = (): Timings => ({ ...this.spent, totalMs: this.elapsed() });
}
