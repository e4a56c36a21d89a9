/**
 * The engine's process: port in, handler table, events out. Requests run one after the other, since they share
 * the processor and the memory; `cancel` overtakes them. Each request has its own AbortController.
 */
import { pathToFileURL } from 'node:url';
import { parseParams } from './check.ts';
import { CancelledError, TuskError, throwIfCancelled, toTuskError } from './errors.ts';
import { log } from './log.ts';
import { createHandlers, type Handlers } from './process/handlers.ts';
import {
  type Emit,
  type EngineMessage,
  type Port,
  PROTOCOL_VERSION,
  requestEnvelope,
  VERBS,
  type Verb,
} from './protocol.ts';

/** Serves one client until its port closes; then everything still running for it is cancelled. */
export function serve(port: Port, handlers: Handlers): void {
  const running = new Map<string, AbortController>();
  let queue: Promise<void> = Promise.resolve();
  const send = (message: EngineMessage) => port.send(message);

  const fail = (id: string, thrown: unknown) => {
    const { code, message, hint } = toTuskError(thrown);
    if (code === 'internal') log.error(thrown instanceof Error ? (thrown.stack ?? message) : message);
    send({ id, event: 'failed', code, message, ...(hint === undefined ? {} : { hint }) });
  };

  const run = async (id: string, verb: Exclude<Verb, 'cancel'>, params: unknown, signal: AbortSignal) => {
    const emit: Emit = (event) => send({ id, ...event });
    try {
      throwIfCancelled(signal);
      const handle = handlers[verb] as (params: unknown, context: object) => Promise<unknown>;
      const result = await handle(params, { emit, signal });
      send({ id, event: 'done', result });
    } catch (thrown) {
      fail(id, signal.aborted ? new CancelledError() : thrown);
    } finally {
      running.delete(id);
    }
  };

  const accept = (message: unknown) => {
    const request = requestEnvelope.safeParse(message);
    if (!request.success) return fail(idOf(message), notARequest());
    const { id, verb } = request.data;
    try {
      if (running.has(id)) throw new TuskError('bad-request', `The request id "${id}" is in use.`);
      if (verb === 'cancel') {
        const { target } = parseParams('cancel', request.data.params);
        running.get(target)?.abort();
        return send({ id, event: 'done', result: { found: running.has(target) } });
      }
      const params = parseParams(verb, request.data.params);
      const controller = new AbortController();
      running.set(id, controller);
      queue = queue.then(() => run(id, verb, params, controller.signal));
    } catch (thrown) {
      fail(id, thrown);
    }
  };

  port.onMessage(accept);
  port.onClose(() => {
    for (const controller of running.values()) controller.abort();
  });
  send({ event: 'ready', protocol: PROTOCOL_VERSION, pid: process.pid });
}

function notARequest(): TuskError {
  return new TuskError('bad-request', 'The message is not a request of this protocol.', {
    hint: `A request is { id, verb, params }; verbs are ${Object.keys(VERBS).join(', ')}.`,
  });
}

const idOf = (message: unknown): string => String((message as { id?: unknown } | null)?.id ?? '');

/** The port of a process started by `child_process.fork` with `serialization: 'advanced'`. */
function parentPort(): Port {
  return {
    send: (message) => void (process.connected && process.send?.(message)),
    onMessage: (listener) => void process.on('message', listener),
    onClose: (listener) => void process.once('disconnect', listener),
    close: () => process.disconnect(),
  };
}

function main(): void {
  process.on('SIGINT', () => {});
  process.on('unhandledRejection', (reason) => {
    log.error(`unhandled rejection: ${reason instanceof Error ? reason.stack : reason}`);
    process.exit(1);
  });
  const port = parentPort();
  port.onClose(() => process.exit(0));
  serve(port, createHandlers({ threads: Number(process.env.TUSK_THREADS ?? 0) }));
}

if (process.send && import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
