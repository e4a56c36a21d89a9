/** The inference process as an object with a life: started, watched, started again when it is lost. */
import type { EngineClient } from '../client.ts';
import { isLoss, TuskError, toTuskError } from '../errors.ts';
import { log } from '../log.ts';
import type { ModelSummary } from '../protocol.ts';
import type { SpawnedEngine } from '../spawn.ts';
import type { Failure, Snapshot } from '../studio-protocol.ts';
import { failureOf } from './failures.ts';
import { giveWay } from './give-way.ts';
import { HangWatch, patienceFor } from './hang-watch.ts';

export type EngineState = Snapshot['engine'];
export type EngineSpawner = () => SpawnedEngine;

/** So many losses within the window, and it is left alone until somebody asks for it. */
const MOST_LOSSES = 5;
const LOSS_WINDOW_MS = 60_000;

export type EngineListener = (state: EngineState, failure: Failure | null) => void;

export class EngineWatch {
  state: EngineState = 'starting';
  failure: Failure | null = null;
  /** What the checkpoint in use says about itself, once it is loaded. */
  summary: ModelSummary | null = null;
  /** The running process has made a picture, so it holds the networks of the model in use. */
  isWarm = false;
  private engine: SpawnedEngine | undefined;
  private ready: Promise<void> = Promise.resolve();
  private losses: number[] = [];
  private isStopped = false;
  private watch: HangWatch | undefined;
  /** Folder of the model in use; absent = the embedded one. */
  checkpoint: string | undefined;

  constructor(
    private readonly spawn: EngineSpawner,
    private readonly listener: EngineListener,
    /** Milliseconds of silence after which an engine is taken for hung; absent = by the size of its model. */
    private readonly patienceMs?: number,
  ) {}

  /** @param checkpoint folder; absent = the embedded one. */
  start(checkpoint: string | undefined): void {
    this.checkpoint = checkpoint;
    this.launch('starting');
  }

  /** The running engine, once its model is open. A problem with the model is told by the verbs themselves. */
  async client(): Promise<EngineClient> {
    // One that was given up is still being ended.
    if (this.engine?.client.isGone) this.lost(this.engine);
    if (!this.engine && !this.isStopped) this.launch('restarting');
    let awaited: Promise<void>;
    do {
      awaited = this.ready;
      await awaited;
    } while (awaited !== this.ready);
    if (!this.engine)
      throw new TuskError('engine-gone', 'The engine is not running.', { hint: 'Try again.' });
    return this.engine.client;
  }

  get pid(): number | undefined {
    return this.engine?.pid;
  }

  /** Takes another checkpoint folder; absent = the embedded one. */
  async use(checkpoint: string | undefined): Promise<void> {
    this.checkpoint = checkpoint;
    this.isWarm = false;
    if (this.engine) this.ready = this.load();
    else if (!this.isStopped) this.launch('restarting');
    await this.ready;
  }

  /** Ends a process that doesn't answer; it is started again at once. */
  kill(): void {
    void this.engine?.stop();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.watch?.stop();
    await this.engine?.stop();
  }

  private launch(state: EngineState): void {
    this.tell(state, this.failure);
    this.isWarm = false;
    const engine = this.spawn();
    this.engine = engine;
    engine.onExit(() => this.lost(engine));
    const patience = () => this.patienceMs ?? patienceFor(this.summary?.weightBytes ?? 0);
    this.watch = new HangWatch(engine.client, patience, () => this.hung(engine));
    this.ready = this.load();
  }

  /** What it owes is told at once; then it is treated as one that was lost. */
  private hung(engine: SpawnedEngine): void {
    log.warn(`engine ${engine.pid} gives no sign of life`);
    engine.client.giveUp(
      new TuskError('engine-hung', 'The engine stopped answering and was started again.', {
        hint: 'Try again; with the same seed it gives the same picture.',
      }),
    );
    void engine.stop();
  }

  private lost(engine: SpawnedEngine): void {
    if (this.engine === engine) this.watch?.stop();
    if (this.isStopped || this.engine !== engine) return;
    this.engine = undefined;
    const now = performance.now();
    this.losses = [...this.losses.filter((at) => at > now - LOSS_WINDOW_MS), now];
    this.failure = { code: 'engine-gone', message: 'The engine stopped and was started again.', hint: null };
    log.warn(`engine ${engine.pid} is gone`);
    if (this.losses.length < MOST_LOSSES) this.launch('restarting');
    else this.tell('failed', { ...this.failure, message: 'The engine keeps stopping.' });
  }

  private async load(): Promise<void> {
    try {
      const params = this.checkpoint === undefined ? {} : { checkpoint: this.checkpoint };
      const engine = this.engine!;
      this.summary = await engine.client.run('load', params);
      giveWay(engine.pid);
      this.tell('ready', null);
    } catch (thrown) {
      if (isLoss(toTuskError(thrown))) return;
      this.summary = null;
      this.tell('failed', failureOf(thrown));
    }
  }

  private tell(state: EngineState, failure: Failure | null): void {
    this.state = state;
    this.failure = failure;
    this.listener(state, failure);
  }
}
