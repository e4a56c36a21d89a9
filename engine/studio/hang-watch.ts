/** Notices an engine that owes an answer and gives no sign of life: its process is there, and nothing comes of it. */
import type { EngineClient } from '../client.ts';

const CHECK_EVERY_MS = 1_000;
/** A check that comes so late was held up with everything else, as by a computer that slept. */
const HELD_UP_MS = 5 * CHECK_EVERY_MS;

export class HangWatch {
  private readonly timer: NodeJS.Timeout;
  private checkedAt = performance.now();
  /** Silence before this moment is nobody's fault. */
  private excusedUntil = 0;

  /**
   * @param patienceMs of silence; asked each time, since it depends on the model in use
   * @param onHang called once
   */
  constructor(
    private readonly client: EngineClient,
    private readonly patienceMs: () => number,
    private readonly onHang: () => void,
  ) {
    this.timer = setInterval(() => this.check(), CHECK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private check(): void {
    const now = performance.now();
    if (now - this.checkedAt > HELD_UP_MS) this.excusedUntil = now;
    this.checkedAt = now;
    const { owedSince } = this.client;
    if (owedSince === undefined) return;
    if (now - Math.max(owedSince, this.excusedUntil) < this.patienceMs()) return;
    this.stop();
    this.onHang();
  }
}

const LEAST_PATIENCE_MS = 60_000;
const WEIGHTS_A_MS = 10_000;

/**
 * How long one run of a network may keep an engine silent: a minute, and a second more for each 10 MB of weights.
 * @param weightBytes of the model in use
 */
export const patienceFor = (weightBytes: number): number => LEAST_PATIENCE_MS + weightBytes / WEIGHTS_A_MS;
