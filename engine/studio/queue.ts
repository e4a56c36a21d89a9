/**
 * The queue: one job after the other, each on disk before anybody is told of it. A job ends as done, failed
 * (offered again with its seed), cancelled (its last preview kept as a draft) or parked (it took the engine down
 * three times). Where the disk is full the queue holds until a person lets it go on.
 */
import { isLoss, toTuskError } from '../errors.ts';
import type { StoredJob } from '../library/jobs.ts';
import type { Library } from '../library/library.ts';
import { log } from '../log.ts';
import type { Job, StudioEvent } from '../studio-protocol.ts';
import type { EngineWatch } from './engine-watch.ts';
import { failureOf, notFound } from './failures.ts';
import { keepAnswer, keepDraft, keepEnlarged, keepPicture } from './keep.ts';
import { type Outcome, RunningJob } from './running-job.ts';

const MOST_ENGINE_LOSSES = 3;
/** An engine that hasn't stopped so long after a cancel is taken for hung. */
const CANCEL_PATIENCE_MS = 15_000;
const PAUSED = 'queue-paused';

export class Queue {
  private running: RunningJob | undefined;
  private isClosed = false;
  private isHeld = false;
  private work: Promise<void> = Promise.resolve();

  constructor(
    private readonly library: Library,
    private readonly engine: EngineWatch,
    private readonly emit: (event: StudioEvent) => void,
    /** Folder of the network that enlarges; absent = the engine's own. */
    private readonly upscaler?: string,
  ) {}

  /** Jobs that ran when the studio ended wait again, in their place. */
  recover(): void {
    for (const stored of this.library.jobs.withState('running'))
      this.isWritten(() => this.library.jobs.put(afterLoss(stored, 'queued')));
    this.pump();
  }

  get isPaused(): boolean {
    return this.isHeld || this.library.values.setting(PAUSED) === true;
  }

  /** Running and waiting jobs, as windows see them. */
  jobs(): Job[] {
    return this.library.jobs.withState('running', 'queued').map(({ job }) => this.live(job));
  }

  /** The job as it stands this moment: one that is not running, whatever its entry says, waits. */
  live(job: Job): Job {
    const running = this.running?.job;
    if (running?.id === job.id && running.state === 'running') return running;
    return job.state === 'running' ? { ...job, ...WAITING } : job;
  }

  private waiting(): StoredJob[] {
    const pending = this.library.jobs.withState('running', 'queued');
    return pending.filter(({ job }) => this.live(job).state === 'queued');
  }

  /** Previews for a window that has just opened. */
  previews(): StudioEvent[] {
    return this.running?.previewEvent() ?? [];
  }

  /** @param first before all that wait. Returns when they are on disk. */
  add(jobs: readonly Job[], first = false): void {
    this.library.transaction(() => {
      const { before, after } = this.library.jobs.ends();
      jobs.forEach((job, index) => {
        const place = first ? before - jobs.length + index : after + index;
        this.library.jobs.put({ job, place, engineLosses: 0 });
      });
    });
  }

  /** Tells windows about jobs that were added, and starts the first if nothing runs. */
  announce(jobs: readonly Job[]): void {
    for (const job of jobs) this.emit({ event: 'job', job });
    this.tellOrder();
    this.pump();
  }

  async cancel(id: string): Promise<void> {
    if (this.running?.job.id === id) await this.stopRunning(this.running);
    else this.change(id, ['queued'], (job) => ({ ...job, state: 'cancelled' }));
    this.tellOrder();
  }

  async cancelAll(): Promise<void> {
    for (const { job } of this.waiting()) await this.cancel(job.id);
    if (this.running) await this.cancel(this.running.job.id);
  }

  /** @throws TuskError `not-found` unless the job waits. */
  reword(id: string, message: string): Job {
    return this.change(id, ['queued'], (job) => ({ ...job, message }));
  }

  /** A job that ended without a result waits again, with its seed. @param smaller as its failure's `next` says */
  again(id: string, smaller = false): Job {
    const job = this.change(
      id,
      ['failed', 'parked', 'cancelled'],
      (before) => ({ ...(smaller ? withNext(before) : before), ...WAITING }),
      (stored) => ({ engineLosses: stored.job.state === 'parked' ? 0 : stored.engineLosses }),
    );
    this.tellOrder();
    this.pump();
    return job;
  }

  reorder(ids: readonly string[]): void {
    const waiting = this.waiting();
    const rank = (stored: StoredJob) => ids.indexOf(stored.job.id) + 1 || Number.MAX_SAFE_INTEGER;
    const places = waiting.map(({ place }) => place);
    const sorted = [...waiting].sort((a, b) => rank(a) - rank(b));
    this.library.transaction(() => {
      for (const [index, stored] of sorted.entries())
        this.library.jobs.put({ ...stored, place: places[index]! });
    });
    this.tellOrder();
  }

  pause(paused: boolean): void {
    this.library.values.setSetting(PAUSED, paused);
    this.isHeld = false;
    this.tellOrder();
    this.pump();
  }

  /** Stops without waiting for the engine; what ran waits for the next start, and no loss is counted. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.running?.controller.abort();
    await this.work;
    for (const stored of this.library.jobs.withState('running'))
      this.library.jobs.put({ ...stored, job: { ...stored.job, ...WAITING } });
  }

  /** An entry that says `running` without a job at work is one whose end the disk refused. */
  private pump(): void {
    if (this.isClosed || this.running || this.isPaused) return;
    const next = this.library.jobs.withState('running', 'queued')[0];
    if (!next) return;
    const started: StoredJob = { ...next, job: { ...next.job, ...WAITING, state: 'running' } };
    if (!this.isWritten(() => this.library.jobs.put(started))) {
      this.tellOrder();
      return;
    }
    const running = new RunningJob(started, this.library, this.engine, this.emit, this.upscaler);
    this.running = running;
    this.emit({ event: 'job', job: running.job });
    this.work = this.run(running);
  }

  private async run(running: RunningJob): Promise<void> {
    try {
      const outcome = await running.run(await this.engine.client());
      await this.keep(running, outcome);
    } catch (thrown) {
      this.ended(running, thrown);
      await this.keepUnfinished(running);
    } finally {
      this.running = undefined;
      if (!this.isClosed) this.tellOrder();
      this.pump();
    }
  }

  private async keep(running: RunningJob, outcome: Outcome): Promise<void> {
    if (running.job.state === 'cancelled' || this.isClosed) return;
    running.job = { ...running.job, stage: 'saving', position: 0, total: 0 };
    this.emit({ event: 'job', job: running.job });
    if (!running.continues) running.times.learn();
    this.emit({ event: 'job', job: await this.keepOutcome(running, outcome) });
  }

  private keepOutcome(running: RunningJob, outcome: Outcome): Job | Promise<Job> {
    const { library, emit, engine } = this;
    if ('answer' in outcome) return keepAnswer(library, running, outcome.answer.text, emit);
    if ('enlarged' in outcome) return keepEnlarged(library, running, outcome.enlarged, emit);
    return keepPicture(library, running, outcome.picture, engine.summary, emit);
  }

  /** What a cancelled picture needs to go on lies beside its draft. Without it, it is begun anew from its seed. */
  private async keepUnfinished(running: RunningJob): Promise<void> {
    await running.draftKept;
    const { versionId } = running.job;
    const { unfinished, frames } = running;
    if (running.job.state !== 'cancelled' || !versionId || !unfinished) return;
    const { pictures } = this.library;
    try {
      if (frames.length > 0) await pictures.writeFrames(versionId, frames);
      await pictures.writeUnfinished(versionId, unfinished);
    } catch (thrown) {
      log.warn(`a draft can't go on from where it stood: ${thrown}`);
    }
  }

  private ended(running: RunningJob, thrown: unknown): void {
    if (running.job.state === 'cancelled' || this.isClosed) return;
    const error = toTuskError(thrown);
    const { code } = error;
    if (code === 'internal')
      log.error(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
    const failed = { ...running.stored, job: { ...running.job, failure: running.failure(thrown) } };
    const stored = isLoss(error)
      ? afterLoss(failed, stateAfterLoss(running.job))
      : withState(failed, 'failed');
    const isKept = this.isWritten(() => this.library.jobs.put(stored));
    const told = isKept ? stored.job : { ...running.job, ...WAITING };
    if (isKept) running.job = told; // It can be asked for again from now on.
    this.emit({ event: 'job', job: told });
    if (isKept && code === 'file-write') this.hold(thrown);
  }

  /** Nothing is lost by a full disk: what couldn't be written waits with the rest. */
  private isWritten(write: () => void): boolean {
    try {
      write();
      return true;
    } catch (thrown) {
      this.hold(thrown);
      return false;
    }
  }

  private hold(thrown: unknown): void {
    log.warn(`the queue holds: ${thrown}`);
    this.isHeld = true;
    this.emit({ event: 'trouble', failure: failureOf(thrown) });
  }

  /** The window hears of it at once; the engine stops at its next token or step. */
  private async stopRunning(running: RunningJob): Promise<void> {
    if (running.job.stage === 'saving') return; // It is made.
    running.job = { ...running.job, state: 'cancelled' };
    running.draftKept = this.keepPreview(running);
    running.controller.abort();
    this.killIfHung(running);
    await running.draftKept;
    this.emit({ event: 'job', job: running.job });
  }

  private async keepPreview(running: RunningJob): Promise<void> {
    const { library, emit } = this;
    try {
      library.jobs.put({ ...running.stored, job: running.job });
      running.job = (await keepDraft(library, running, this.engine.summary, emit)) ?? running.job;
    } catch (thrown) {
      this.hold(thrown);
    }
  }

  private killIfHung(running: RunningJob): void {
    const check = () => {
      if (this.running === running && !this.isClosed) this.engine.kill();
    };
    setTimeout(check, CANCEL_PATIENCE_MS).unref();
  }

  private change(
    id: string,
    from: readonly Job['state'][],
    alter: (job: Job) => Job,
    around: (stored: StoredJob) => Partial<StoredJob> = () => ({}),
  ): Job {
    const stored = this.library.jobs.get(id);
    const now = stored && this.live(stored.job);
    if (!now || !from.includes(now.state)) throw notFound(`job that is ${from.join(' or ')}`);
    const job = alter(now);
    this.library.jobs.put({ ...stored, ...around(stored), job });
    this.emit({ event: 'job', job });
    return job;
  }

  private tellOrder(): void {
    this.emit({ event: 'jobs', order: this.jobs().map(({ id }) => id), paused: this.isPaused });
  }
}

/** A job that hasn't begun. */
export const WAITING = {
  state: 'queued',
  stage: 'waiting',
  position: 0,
  total: 0,
  remainingMs: null,
  text: '',
  failure: null,
} as const;

function withNext({ failure, ...job }: Job): Job {
  const { size, memory } = failure?.next ?? {};
  return { ...job, failure, settings: { ...job.settings, ...size }, ...(memory && { memory }) };
}

const withState = (stored: StoredJob, state: Job['state']): StoredJob => ({
  ...stored,
  job: { ...stored.job, state, remainingMs: null },
});

/** A job the engine was lost before it began with waits on by itself. */
const stateAfterLoss = ({ stage }: Job) => (stage === 'waiting' ? 'queued' : 'failed');

/** One engine loss more; the third parks the job. */
function afterLoss(stored: StoredJob, state: 'queued' | 'failed'): StoredJob {
  const engineLosses = stored.engineLosses + 1;
  const after = withState(stored, engineLosses >= MOST_ENGINE_LOSSES ? 'parked' : state);
  return { ...after, job: { ...after.job, ...(after.job.state === 'queued' && WAITING) }, engineLosses };
}
