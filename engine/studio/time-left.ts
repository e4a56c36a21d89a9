/** How long a job still takes, from how long each stage took on this machine with the same settings. */
import type { Values } from '../library/values.ts';
import type { Job } from '../studio-protocol.ts';

type Stage = Job['stage'];

/** Stages whose time is learned, in order. Loading happens only now and then and is left out. */
const STAGES_OF: Record<Job['mode'], readonly Stage[]> = {
  create: ['reading', 'planning', 'denoising', 'decoding'],
  edit: ['reading', 'planning', 'denoising', 'decoding'],
  ask: ['reading', 'answering'],
  upscale: ['enlarging'],
};

export class StageTimes {
  private readonly known: Map<string, number>;
  private readonly spent = new Map<Stage, number>();
  private readonly prefix: string;
  private stage: Stage = 'waiting';
  private since = performance.now();
  /** Where the stage was when it was entered: a draft goes on in the middle. */
  private from = 0;

  constructor(
    private readonly values: Values,
    private readonly job: Pick<Job, 'mode' | 'settings'>,
    model: string,
  ) {
    this.known = values.durations();
    const { preset, steps, width, height, factor } = job.settings;
    const last = factor === undefined ? [] : [factor];
    this.prefix = [model, job.mode, preset ?? '', steps ?? '', width ?? '', height ?? '', ...last].join('/');
  }

  /** @returns milliseconds until the job ends, null until a job like it was finished here. */
  at(stage: Stage, position: number, total: number): number | null {
    this.enter(stage, position);
    const stages = STAGES_OF[this.job.mode];
    const index = stages.indexOf(stage);
    const later = stages.slice(index + 1).map((name) => this.known.get(this.name(name)));
    const here = index < 0 ? 0 : this.restOfStage(stage, position, total);
    if (here === undefined || later.includes(undefined)) return null;
    return Math.round(later.reduce<number>((sum, time) => sum + time!, here));
  }

  /** Remembers how long each stage took. Call it when the job has succeeded. */
  learn(): void {
    this.enter('saving');
    for (const stage of STAGES_OF[this.job.mode])
      this.values.learnDuration(this.name(stage), this.spent.get(stage) ?? 0);
  }

  private restOfStage(stage: Stage, position: number, total: number): number | undefined {
    const elapsed = performance.now() - this.since;
    const moved = position - this.from;
    if (total > 0 && moved > 0) return (elapsed / moved) * (total - position);
    const usual = this.known.get(this.name(stage));
    return usual === undefined ? undefined : Math.max(0, usual - elapsed);
  }

  private enter(stage: Stage, position = 0): void {
    if (stage === this.stage) return;
    this.from = position;
    const now = performance.now();
    this.spent.set(this.stage, (this.spent.get(this.stage) ?? 0) + now - this.since);
    this.stage = stage;
    this.since = now;
  }

  private name(stage: Stage): string {
    return `${this.prefix}/${stage}`;
  }
}
