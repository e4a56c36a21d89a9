/**
 * Serves the protocol over a port: requests run one after the other, since they share the processor and the memory;
 * `cancel` overtakes them. Each request has its own AbortController.
 */
import type { z } from 'zod';
import { parseParams } from '../check.ts';
import { CancelledError, TuskError, throwIfCancelled, toTuskError } from '../errors.ts';
import { log } from '../log.ts';
import {
  type EngineMessage,
  HEARTBEAT_MS,
  type Port,
  PROTOCOL_VERSION,
  type RequestContext,
  requestEnvelope,
  VERBS,
  type Verb,
} from '../protocol.ts';
import type { Handlers } from './handlers.ts';

type Envelope = z.infer<typeof requestEnvelope>;
type Work = (context: RequestContext) => Promise<unknown>;

/** Serves one client until its port closes; then everything still running for it is cancelled. */
export function serve(port: Port, handlers: Handlers): void {
  const server = new Server(port, handlers);
  port.onMessage((message) => server.accept(message));
  port.onClose(() => server.cancelAll());
  port.send({ event: 'ready', protocol: PROTOCOL_VERSION, pid: process.pid } satisfies EngineMessage);
}

class Server {
  private readonly open = new Map<string, AbortController>();
  private queue: Promise<void> = Promise.resolve();
  private heartbeat: NodeJS.Timeout | undefined;

  constructor(
    private readonly port: Port,
    private readonly handlers: Handlers,
  ) {}

  accept(message: unknown): void {
    const request = requestEnvelope.safeParse(message);
    if (request.success) this.dispatch(request.data);
    else this.fail(idOf(message), notARequest());
  }

  private dispatch({ id, verb, params }: Envelope): void {
    try {
      if (this.open.has(id)) throw new TuskError('bad-request', `The request id "${id}" is in use.`);
      if (verb === 'cancel') this.cancel(id, parseParams('cancel', params).target);
      else this.enqueue(id, this.work(verb, params));
    } catch (thrown) {
      this.fail(id, thrown);
    }
  }

  cancelAll(): void {
    clearInterval(this.heartbeat);
    for (const controller of this.open.values()) controller.abort();
  }

  private cancel(id: string, target: string): void {
    const controller = this.open.get(target);
    controller?.abort();
    this.send({ id, event: 'done', result: { found: controller !== undefined } });
  }

  /** @throws TuskError if the parameters are wrong. */
  private work<V extends Exclude<Verb, 'cancel'>>(verb: V, raw: unknown): Work {
    const params = parseParams(verb, raw);
    return (context) => this.handlers[verb](params, context);
  }

  /** A request that is cancelled while it waits ends at once. */
  private enqueue(id: string, work: Work): void {
    const controller = new AbortController();
    const endEarly = () => this.end(id, () => this.fail(id, new CancelledError()));
    this.open.set(id, controller);
    if (this.open.size === 1) this.beat();
    controller.signal.addEventListener('abort', endEarly);
    this.queue = this.queue.then(async () => {
      controller.signal.removeEventListener('abort', endEarly);
      if (!controller.signal.aborted) await this.run(id, work, controller.signal);
    });
  }

  private async run(id: string, work: Work, signal: AbortSignal): Promise<void> {
    try {
      const result = await work({ emit: (event) => this.send({ id, ...event }), signal });
      throwIfCancelled(signal);
      this.end(id, () => this.send({ id, event: 'done', result }));
    } catch (thrown) {
      this.end(id, () => this.fail(id, signal.aborted ? new CancelledError() : thrown));
    }
  }

  private end(id: string, tell: () => void): void {
    this.open.delete(id);
    if (this.open.size === 0) clearInterval(this.heartbeat);
    tell();
  }

  private beat(): void {
    clearInterval(this.heartbeat);
    this.heartbeat = setInterval(() => this.send({ event: 'alive' }), HEARTBEAT_MS).unref();
  }

  private fail(id: string, thrown: unknown): void {
    const { code, message, hint, next } = toTuskError(thrown);
    if (code === 'internal') log.error(thrown instanceof Error ? (thrown.stack ?? message) : message);
    this.send({ id, event: 'failed', code, message, ...(hint && { hint }), ...(next && { next }) });
  }

  private send(message: EngineMessage): void {
    this.port.send(message);
  }
}

function notARequest(): TuskError {
  return new TuskError('bad-request', 'The message is not a request of this protocol.', {
    hint: `A request is { id, verb, params }; verbs are ${Object.keys(VERBS).join(', ')}.`,
  });
}

const idOf = (message: unknown): string => String((message as { id?: unknown } | null)?.id ?? '');
