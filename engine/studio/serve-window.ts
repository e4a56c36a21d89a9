/** One window's conversation with the studio over any port: `{ id, method, params }` in, answers and events out. */
import { z } from 'zod';
import { toTuskError } from '../errors.ts';
import { log } from '../log.ts';
import type { Port } from '../protocol.ts';
import type { StudioMethod, StudioReply } from '../studio-protocol.ts';
import { failureOf } from './failures.ts';
import type { Studio } from './studio.ts';

const envelope = z.strictObject({ id: z.number().int(), method: z.string().max(64), params: z.unknown() });

/** Serves until the port closes. A message that is no request is answered with a failure to id -1. */
export function serveWindow(studio: Studio, port: Port): void {
  const unsubscribe = studio.subscribe((event) => port.send(event));
  port.onClose(unsubscribe);
  port.onMessage((message) => {
    const request = envelope.safeParse(message);
    if (request.success) void answer(studio, port, request.data);
    else port.send({ id: -1, failure: NOT_A_REQUEST } satisfies StudioReply);
  });
}

async function answer(
  studio: Studio,
  port: Port,
  { id, method, params }: z.infer<typeof envelope>,
): Promise<void> {
  try {
    const result = await studio.call(method as StudioMethod, params as never);
    port.send({ id, answer: result } satisfies StudioReply);
    if (method === 'studio.open') for (const event of studio.previews()) port.send(event);
  } catch (thrown) {
    const { code } = toTuskError(thrown);
    if (code === 'internal') log.error(thrown instanceof Error ? (thrown.stack ?? '') : String(thrown));
    port.send({ id, failure: failureOf(thrown) } satisfies StudioReply);
  }
}

const NOT_A_REQUEST = {
  code: 'bad-request',
  message: 'The message is not a request.',
  hint: 'A request is { id, method, params }.',
};
