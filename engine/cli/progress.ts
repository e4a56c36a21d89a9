/** One line on a terminal that says stage, rate and time left; nothing where there is no terminal. */
import type { Progress } from '../protocol.ts';
import { describeDevice } from './memory.ts';

interface Stage {
  name: string;
  startedAt: number;
}

export class ProgressLine {
  private stage: Stage = { name: '', startedAt: 0 };
  private shown = false;

  /** @param now milliseconds, for rates. */
  constructor(
    private readonly output: Pick<NodeJS.WriteStream, 'write'> & { isTTY?: boolean },
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Anything that isn't progress takes the line away, so that words can be written in its place. */
  show(event: Progress): void {
    if (event.event === 'placed') this.tell(event);
    const text = this.describe(event);
    if (text === undefined) this.clear();
    else this.write(text);
  }

  /** Parts that aren't on the run's device, with the reason: it stays on the terminal. */
  private tell({ device }: Extract<Progress, { event: 'placed' }>): void {
    if (!device) return;
    this.clear();
    this.output.write(`${describeDevice(device)}\n`);
  }

  write(text: string): void {
    if (!this.output.isTTY) return;
    this.output.write(`\r\u001b[2K${text}`);
    this.shown = true;
  }

  clear(): void {
    if (this.shown) this.output.write('\r\u001b[2K');
    this.shown = false;
  }

  /** The line's text, or undefined for events that aren't progress. */
  describe(event: Progress): string | undefined {
    if (event.event === 'loading') return `loading ${event.what} (${event.part} of ${event.parts})`;
    if (event.event === 'reading') return 'reading';
    if (event.event === 'plan') return this.counted('planning, row', 'rows', event.row, event.rows);
    if (event.event === 'step') return this.counted('painting, step', 'steps', event.step, event.steps);
    if (event.event === 'tile') return this.counted('enlarging, tile', 'tiles', event.tile, event.tiles);
    if (event.event === 'decoding') return 'decoding';
    return undefined;
  }

  /** The first of a stage starts its clock: rates need a second one. */
  private counted(name: string, unit: string, done: number, total: number): string {
    if (this.stage.name !== name || done <= 1) this.stage = { name, startedAt: this.now() };
    const seconds = (this.now() - this.stage.startedAt) / 1_000;
    const rate = (done - 1) / seconds;
    const known = done > 1 && seconds > 0;
    const pace = known
      ? `, ${rate.toFixed(1)} ${unit}/s, ${((total - done) / rate).toFixed(0)} s left in this stage`
      : '';
    return `${name} ${done} of ${total}${pace}`;
  }
}
