/** A body's pieces as they come. What came before a connection broke is given out before the error is. */
import type { Readable } from 'node:stream';

const MOST_WAITING_BYTES = 4 * 2 ** 20;

export async function* piecesOf(body: Readable): AsyncGenerator<Buffer> {
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let end: { error?: unknown } | undefined;
  let wake = () => {};
  const finish = (error?: unknown) => {
    end ??= error === undefined ? {} : { error };
    wake();
  };
  body.on('data', (piece: Buffer) => {
    waiting.push(piece);
    waitingBytes += piece.length;
    if (waitingBytes > MOST_WAITING_BYTES) body.pause();
    wake();
  });
  body.once('end', () => finish());
  body.once('error', finish);
  body.once('close', () => finish());
  if (body.destroyed) finish(body.errored ?? undefined);
  for (;;) {
    const piece = waiting.shift();
    if (piece) {
      yield piece;
      waitingBytes -= piece.length;
      if (waitingBytes === 0) body.resume();
    } else if (end) {
      if (end.error !== undefined) throw end.error;
      return;
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}
