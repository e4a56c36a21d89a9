/**
 * The studio: queue, chats, versions and library behind one method, `call`, and one stream of events. Any number of
 * windows use it; none of them is needed for a job to go on.
 */
import { z } from 'zod';
import { TuskError } from '../errors.ts';
import { type HubPlace, hubOfEnvironment } from '../hub/environment.ts';
import { Library } from '../library/library.ts';
import {
  STUDIO_METHODS,
  type StudioAnswer,
  type StudioEvent,
  type StudioMethod,
  type StudioParams,
} from '../studio-protocol.ts';
import { appHandlers, settingsOf } from './app-handlers.ts';
import { Captions } from './captions.ts';
import { chatHandlers } from './chat-handlers.ts';
import { deviceHandlers } from './device-handlers.ts';
import { Downloads } from './downloads.ts';
import { type EngineListener, type EngineSpawner, EngineWatch } from './engine-watch.ts';
import { jobHandlers } from './job-handlers.ts';
import { Models } from './models.ts';
import type { Handlers, Parts } from './parts.ts';
import { pictureHandlers } from './picture-handlers.ts';
import { Queue } from './queue.ts';
import { upscaleHandlers } from './upscale-handlers.ts';
import { versionHandlers } from './version-handlers.ts';

export interface StudioOptions {
  /** The library's folder; made if it isn't there. */
  folder: string;
  /** Starts the inference process. */
  spawn: EngineSpawner;
  /** Folder that takes the place of the embedded checkpoint. */
  checkpoint?: string;
  /** Folder of the network that enlarges; absent = the engine's own. */
  upscaler?: string;
  /** Where models come from and where they are put; absent = as the environment says. */
  hub?: HubPlace;
  /** Milliseconds of silence after which an engine is taken for hung; absent = by the size of its model. */
  patienceMs?: number;
}

export class Studio {
  private readonly listeners = new Set<(event: StudioEvent) => void>();
  private readonly parts: Parts;
  private readonly handlers: Handlers;

  /** @throws TuskError `library-locked`, `library-newer`, `library-read-only`, `file-write`. */
  static async open(options: StudioOptions): Promise<Studio> {
    return new Studio(await Library.open(options.folder), options);
  }

  private constructor(
    private readonly library: Library,
    { spawn, checkpoint, upscaler, patienceMs, hub = hubOfEnvironment() }: StudioOptions,
  ) {
    const emit = (event: StudioEvent) => this.emit(event);
    const onEngine: EngineListener = (state, failure) => {
      emit({ event: 'engine', state, failure });
      if (state === 'ready') void models.refresh();
    };
    const engine = new EngineWatch(spawn, onEngine, patienceMs);
    const models = new Models(library, engine, checkpoint, emit);
    const queue = new Queue(library, engine, emit, upscaler);
    const captions = new Captions(library, engine, emit, () => settingsOf(library).captions);
    this.subscribe((event) => captions.follow(event));
    const downloads = new Downloads(library, models, hub, emit);
    this.parts = { downloads, library, engine, queue, models, captions, emit };
    this.handlers = createHandlers(this.parts);
    engine.start(models.folderInUse());
    queue.recover();
  }

  /** @throws TuskError `bad-request` for an unknown method or parameters that don't fit, else the method's own. */
  async call<M extends StudioMethod>(method: M, params: StudioParams<M>): Promise<StudioAnswer<M>> {
    if (!Object.hasOwn(STUDIO_METHODS, method))
      throw new TuskError('bad-request', `There is no method "${String(method).slice(0, 40)}".`);
    const parsed = STUDIO_METHODS[method][0].safeParse(params);
    if (!parsed.success)
      throw new TuskError('bad-request', `${method}: ${z.prettifyError(parsed.error).slice(0, 400)}`);
    return this.handlers[method](parsed.data as never);
  }

  /** @returns how to stop listening. */
  subscribe(listener: (event: StudioEvent) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** The last preview of what runs now, for a window that has just opened. */
  previews(): StudioEvent[] {
    return this.parts.queue.previews();
  }

  /** The whole PNG file. @throws TuskError `not-found`. */
  picture(versionId: string): Promise<Uint8Array> {
    return this.library.pictures.read(versionId);
  }

  /** A WebP file. @param side pixels of the longer side, at least. @throws TuskError `not-found`. */
  thumbnail(versionId: string, side: number): Promise<Uint8Array> {
    return this.library.pictures.thumbnail(versionId, side);
  }

  /** Adds a call over the network to the ledger. @param call its address, why it was made, bytes that came. */
  recordNetworkCall(call: { address: string; why: string; sizeBytes: number }): void {
    this.library.values.recordNetworkCall({ ...call, at: Date.now() });
  }

  /** Process id of the running engine. */
  get enginePid(): number | undefined {
    return this.parts.engine.pid;
  }

  async close(): Promise<void> {
    this.parts.captions.close();
    await this.parts.downloads.close();
    const ended = this.parts.queue.close();
    await this.parts.engine.stop();
    await ended;
    this.library.close();
  }

  private emit(event: StudioEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}

const createHandlers = (parts: Parts): Handlers => ({
  ...appHandlers(parts),
  ...deviceHandlers(parts),
  ...chatHandlers(parts),
  ...jobHandlers(parts),
  ...versionHandlers(parts),
  ...pictureHandlers(parts),
  ...upscaleHandlers(parts),
});
