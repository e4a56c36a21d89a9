/**
 * What pictures show, in the words of the model, so that the library finds them by it. A person asks for it, or has it
 * done for each new picture: then while nothing else is to be done, and a job that comes in goes first.
 */
import { throwIfCancelled, toTuskError } from '../errors.ts';
import type { Library } from '../library/library.ts';
import { log } from '../log.ts';
import type { StudioEvent, Version } from '../studio-protocol.ts';
import type { EngineWatch } from './engine-watch.ts';
import { notFound } from './failures.ts';

const QUESTION = 'describe this picture';
const ANSWER_TOKENS = 128;

export class Captions {
  private readonly waiting: string[] = [];
  private isIdle = true;
  private current: AbortController | undefined;

  constructor(
    private readonly library: Library,
    private readonly engine: EngineWatch,
    private readonly emit: (event: StudioEvent) => void,
    private readonly isWanted: () => boolean,
  ) {}

  /** Follows the queue. */
  follow(event: StudioEvent): void {
    if (event.event === 'job' && event.job.state === 'done' && event.job.versionId && this.isWanted())
      this.waiting.push(event.job.versionId);
    if (event.event !== 'jobs') return;
    this.isIdle = event.order.length === 0;
    if (this.isIdle) void this.work();
    else this.current?.abort();
  }

  /** @throws TuskError `not-found`, and those of the engine. */
  async describe(id: string, signal?: AbortSignal): Promise<Version> {
    const { versions, pictures } = this.library;
    if (!versions.get(id)) throw notFound('picture');
    const client = await this.engine.client();
    throwIfCancelled(signal);
    const { checkpoint } = this.engine;
    const content = [
      { type: 'picture' as const, picture: { bytes: await pictures.read(id) } },
      { type: 'text' as const, text: QUESTION },
    ];
    const params = {
      ...(checkpoint !== undefined && { checkpoint }),
      messages: [{ role: 'user' as const, content }],
      maxTokens: ANSWER_TOKENS,
      sampling: { temperature: 0 },
    };
    const { text } = await client.run('chat', params, { ...(signal && { signal }) });
    const version = versions.setCaption(id, text.trim());
    if (!version) throw notFound('picture');
    this.emit({ event: 'version', version });
    return version;
  }

  close(): void {
    this.waiting.length = 0;
    this.current?.abort();
  }

  private async work(): Promise<void> {
    if (this.current) return;
    while (this.isIdle && this.waiting.length > 0) await this.describeNext();
  }

  /** One that a job interrupts waits again; one that can't be described stays without. */
  private async describeNext(): Promise<void> {
    const id = this.waiting[0]!;
    this.current = new AbortController();
    try {
      await this.describe(id, this.current.signal);
    } catch (thrown) {
      const { code, message } = toTuskError(thrown);
      if (code === 'cancelled') return;
      log.warn(`a picture is not described: ${message}`);
    } finally {
      this.current = undefined;
    }
    this.waiting.shift();
  }
}
