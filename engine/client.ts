/** A typed client of the engine over any port. One promise a request; progress events go to a callback. */
import { parseParams } from './check.ts';
import { isLoss, TuskError, throwIfCancelled, toTuskError } from './errors.ts';
import { log } from './log.ts';
import {
  type Emit,
  type EngineMessage,
  engineMessage,
  type ParamsInput,
  type Port,
  type Progress,
  type Result,
  VERBS,
  type Verb,
} from './protocol.ts';

export interface RunOptions {
  onEvent?: Emit;
  /** Aborting cancels the request: its promise rejects with code `cancelled` once the engine has stopped. */
  signal?: AbortSignal;
}

interface Pending {
  verb: Verb;
  onEvent: Emit | undefined;
  resolve: (result: unknown) => void;
  reject: (error: TuskError) => void;
}

export class EngineClient {
  private readonly pending = new Map<string, Pending>();
  private gone: TuskError | undefined;
  private counter = 0;
  private heardAt = 0;
  private askedAt = 0;

  constructor(private readonly port: Port) {
    port.onMessage((message) => this.receive(message));
    port.onClose((ending) => this.giveUp(ending === 'killed' ? engineKilled() : engineGone()));
  }

  /** While answers are owed: when the engine was last heard, or was asked (`performance.now`). */
  get owedSince(): number | undefined {
    return this.pending.size === 0 ? undefined : Math.max(this.heardAt, this.askedAt);
  }

  /** Nothing more is expected: what is pending, and what comes later, fails with that error. */
  giveUp(error: TuskError): void {
    this.gone ??= error;
    for (const { reject } of this.pending.values()) reject(this.gone);
  }

  /** The process has ended, or can't be reached any more. */
  get isGone(): boolean {
    return this.gone !== undefined;
  }

  /**
   * @throws TuskError with the engine's code; `engine-gone` or `engine-killed` if its process ends first; the
   *   parameters' own error at once, before anything is sent.
   */
  async run<V extends Verb>(verb: V, params: ParamsInput<V>, options: RunOptions = {}): Promise<Result<V>> {
    parseParams(verb, params);
    if (this.gone) throw this.gone;
    this.counter += 1;
    const id = String(this.counter);
    const cancel = () => this.port.send({ id: `cancel-${id}`, verb: 'cancel', params: { target: id } });
    options.signal?.addEventListener('abort', cancel, { once: true });
    try {
      const result = await new Promise<Result<V>>((resolve, reject) => {
        const { onEvent } = options;
        if (this.pending.size === 0) this.askedAt = performance.now();
        this.pending.set(id, { verb, onEvent, resolve: (r) => resolve(r as Result<V>), reject });
        this.port.send({ id, verb, params });
        if (options.signal?.aborted) cancel();
      });
      throwIfCancelled(options.signal);
      return result;
    } finally {
      options.signal?.removeEventListener('abort', cancel);
      this.pending.delete(id);
    }
  }

  private receive(raw: unknown): void {
    this.heardAt = performance.now();
    const parsed = engineMessage.safeParse(raw);
    if (!parsed.success) log.warn('The engine sent a message that does not fit the protocol.');
    else if (parsed.data.event !== 'ready' && parsed.data.event !== 'alive') this.deliver(parsed.data);
  }

  private deliver(message: Exclude<EngineMessage, { event: 'ready' | 'alive' }>): void {
    const request = this.pending.get(message.id);
    if (!request) return;
    if (message.event === 'done') this.finish(request, message.result);
    else if (message.event === 'failed')
      request.reject(new TuskError(message.code, message.message, message));
    else request.onEvent?.(withoutId(message));
  }

  private finish({ verb, resolve, reject }: Pending, result: unknown): void {
    const parsed = VERBS[verb].result.safeParse(result);
    if (parsed.success) resolve(parsed.data);
    else reject(new TuskError('internal', `The engine's answer to "${verb}" doesn't fit the protocol.`));
  }
}

/** A request's caller knows which one it is. */
function withoutId({ id: _, ...event }: Progress & { id: string }): Progress {
  return event;
}

/** Does it again, at most `losses` times, each time it has cost an engine its life. */
export async function throughLosses<T>(losses: number, work: () => Promise<T>): Promise<T> {
  for (let left = losses; ; left--) {
    try {
      return await work();
    } catch (thrown) {
      if (left === 0 || !isLoss(toTuskError(thrown))) throw thrown;
    }
  }
}

function engineGone(): TuskError {
  return new TuskError('engine-gone', 'The engine stopped unexpectedly.', {
    hint: 'Run it again; with the same seed it gives the same picture.',
  });
}

function engineKilled(): TuskError {
  return new TuskError(
    'engine-killed',
    'The engine was ended from outside, as systems do when memory runs short.',
    {
      hint: 'Close other programs or ask for less, then try again.',
    },
  );
}
