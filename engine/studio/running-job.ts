/** One job while the engine works on it: its stage, its last preview, and what the engine is asked for it. */
import type { EngineClient } from '../client.ts';
import type { NextChoice } from '../errors.ts';
import type { StoredJob } from '../library/jobs.ts';
import type { Library } from '../library/library.ts';
import type {
  ChatResult,
  ParamsInput,
  PictureFile,
  PictureResult,
  PictureSource,
  Progress,
  UpscaleResult,
} from '../protocol.ts';
import type { Failure, Job, StudioEvent } from '../studio-protocol.ts';
import { messagesOf } from './conversation.ts';
import type { EngineWatch } from './engine-watch.ts';
import { failureOf } from './failures.ts';
import { StageTimes } from './time-left.ts';

export type Outcome = { picture: PictureResult } | { answer: ChatResult } | { enlarged: UpscaleResult };

/** What a progress event says about the job. */
const STAGE_OF: Record<Progress['event'], Job['stage']> = {
  placed: 'loading',
  loading: 'loading',
  reading: 'reading',
  plan: 'planning',
  step: 'denoising',
  decoding: 'decoding',
  stopped: 'denoising',
  tile: 'enlarging',
  text: 'answering',
  verified: 'waiting',
};

export class RunningJob {
  job: Job;
  readonly controller = new AbortController();
  readonly times: StageTimes;
  /** Previews of the denoising, for the time-lapse. */
  readonly frames: Uint8Array[] = [];
  preview: { stage: Job['stage']; picture: PictureFile } | undefined;
  /** Of a cancelled picture: what the engine needs to go on. */
  unfinished: Uint8Array | undefined;
  /** Settles once the last preview of a cancelled job is on disk. */
  draftKept: Promise<void> = Promise.resolve();
  /** What asks for less memory, as the engine has said at its beginning. */
  private smaller: NextChoice | undefined;
  /** It goes on from where a draft stood. */
  continues = false;

  constructor(
    readonly stored: StoredJob,
    private readonly library: Library,
    private readonly engine: Pick<EngineWatch, 'summary' | 'checkpoint' | 'isWarm'>,
    private readonly emit: (event: StudioEvent) => void,
    /** Folder of the network that enlarges; absent = the engine's own. */
    private readonly upscaler?: string,
  ) {
    this.job = stored.job;
    this.times = new StageTimes(library.values, this.job, engine.summary?.fingerprint ?? '');
  }

  /** @throws TuskError of the engine; `cancelled` once it has stopped. */
  async run(client: EngineClient): Promise<Outcome> {
    const options = {
      signal: this.controller.signal,
      onEvent: (event: Progress) => this.progress(event),
    };
    const { mode } = this.job;
    if (mode === 'ask') return { answer: await client.run('chat', await this.question(), options) };
    if (mode === 'upscale') return { enlarged: await client.run('upscale', await this.enlarge(), options) };
    const resume = await this.whereItStood();
    const picture = await (mode === 'edit'
      ? client.run('edit', { ...(await this.edit()), ...resume }, options)
      : client.run('create', { ...this.create(), ...resume }, options));
    this.engine.isWarm = true;
    return { picture };
  }

  /** The last preview as windows get it. */
  previewEvent(): StudioEvent[] {
    if (!this.preview) return [];
    const { stage, picture } = this.preview;
    return [{ event: 'preview', jobId: this.job.id, stage, picture: picture.bytes }];
  }

  /** An engine that was killed may have taken up too much: then what asks for less goes along. */
  failure(thrown: unknown): Failure {
    const failure = failureOf(thrown);
    const isKilled = failure.code === 'engine-killed';
    return { ...failure, ...(isKilled && this.smaller && { next: this.smaller }) };
  }

  private progress(event: Progress): void {
    if (this.controller.signal.aborted) {
      this.wind(event);
      return;
    }
    const stage = STAGE_OF[event.event];
    const { position, total } = placeOf(event);
    const remainingMs = this.times.at(stage, position, total);
    const text = event.event === 'text' ? this.job.text + event.delta : this.job.text;
    this.job = { ...this.job, stage, position, total, remainingMs, text };
    if (event.event === 'placed') this.smaller = event.smaller;
    if ('preview' in event && event.preview) this.keepPreview(stage, event.preview);
    this.emit({ event: 'job', job: this.job });
  }

  /** Steps the engine was at when it was told to stop belong to the film, and to where it stood. */
  private wind(event: Progress): void {
    if (event.event === 'stopped') this.unfinished = event.state;
    if (event.event === 'step' && event.preview) this.frames.push(event.preview.bytes);
  }

  private keepPreview(stage: Job['stage'], picture: PictureFile): void {
    this.preview = { stage, picture };
    if (stage === 'denoising') this.frames.push(picture.bytes);
    for (const event of this.previewEvent()) this.emit(event);
  }

  /** The draft this job finishes, and its previews so far. */
  private async whereItStood(): Promise<{ resume?: string }> {
    const { versionId } = this.job;
    const resume = versionId ? await this.library.pictures.unfinished(versionId) : undefined;
    if (!versionId || resume === undefined) return {};
    this.continues = true;
    this.frames.push(...(await this.library.pictures.frames(versionId)));
    return { resume };
  }

  private async enlarge(): Promise<ParamsInput<'upscale'>> {
    const [picture] = await this.pictures();
    const weights = this.upscaler === undefined ? {} : { weights: this.upscaler };
    return { picture: picture!, factor: this.job.settings.factor ?? 2, ...weights };
  }

  private create(): ParamsInput<'create'> {
    const { width, height } = this.job.settings;
    const size = width !== undefined && height !== undefined ? { size: { width, height } } : {};
    return { prompt: this.job.message, ...size, ...this.settings() };
  }

  private async edit(): Promise<ParamsInput<'edit'>> {
    const { imageGuidance } = this.job.settings;
    return {
      instruction: this.job.message,
      pictures: await this.pictures(),
      ...(imageGuidance !== undefined && { imageGuidance }),
      ...this.settings(),
    };
  }

  private async question(): Promise<ParamsInput<'chat'>> {
    const reach = this.engine.summary?.conversation ?? { exchanges: 0, acrossPictures: false };
    const messages = await messagesOf(this.library, this.job, reach);
    return { messages, seed: this.job.seed, ...this.model(), ...this.memory() };
  }

  private pictures(): Promise<PictureSource[]> {
    const read = async (id: string) => ({ bytes: await this.library.pictures.read(id) });
    return Promise.all(this.job.targetIds.map(read));
  }

  private model() {
    const { checkpoint } = this.engine;
    return checkpoint === undefined ? {} : { checkpoint };
  }

  private memory() {
    const { memory } = this.job;
    return memory === undefined ? {} : { memory };
  }

  /** A preset the model doesn't have means its own defaults. */
  private settings() {
    const { preset, steps, textGuidance, planGuidance, negative } = this.job.settings;
    const known = preset !== undefined && this.engine.summary?.presets.includes(preset);
    return {
      seed: this.job.seed,
      ...this.model(),
      ...this.memory(),
      ...(known && { preset }),
      ...(steps !== undefined && { steps }),
      ...(textGuidance !== undefined && { guidance: textGuidance }),
      ...(planGuidance !== undefined && { planGuidance }),
      ...(negative !== undefined && { negative }),
    };
  }
}

function placeOf(event: Progress): { position: number; total: number } {
  if (event.event === 'plan') return { position: event.row, total: event.rows };
  if (event.event === 'step') return { position: event.step, total: event.steps };
  if (event.event === 'tile') return { position: event.tile, total: event.tiles };
  if (event.event === 'loading') return { position: event.part, total: event.parts };
  return { position: 0, total: 0 };
}
