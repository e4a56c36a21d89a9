/** The studio's own door for tests: prepares a library in moments and tells what is stored. */
import sharp from 'sharp';
import WebSocket from 'ws';
import type {
  Failure,
  StudioAnswer,
  StudioEvent,
  StudioMethod,
  StudioParams,
  Version,
} from '../../engine/studio-protocol.ts';
import { decodeFrame, encodeFrame } from '../../engine/wire.ts';

type Reply = { id: number; answer: unknown } | { id: number; failure: Failure };

/** To the studio and back, whichever way it is. */
export interface Line {
  send(message: unknown): void;
  listen(receive: (message: unknown) => void): void;
  close(): void;
}

export class StudioClient {
  private calls = 0;
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private readonly listeners = new Set<(event: StudioEvent) => void>();

  constructor(private readonly line: Line) {
    line.listen((received) => {
      const message = received as Reply | StudioEvent;
      if ('event' in message) for (const listener of this.listeners) listener(message);
      else this.waiting.get(message.id)?.(message);
    });
  }

  /** Over the server's own door. */
  static async open(address: string, cookie: string): Promise<StudioClient> {
    const { origin, host } = new URL(address);
    const socket = new WebSocket(`ws://${host}/studio`, { headers: { cookie, origin } });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new StudioClient({
      send: (message) => socket.send(encodeFrame(message)),
      listen: (receive) =>
        socket.on('message', (data: Buffer, isBinary: boolean) =>
          receive(decodeFrame(isBinary ? data : data.toString('utf8'))),
        ),
      close: () => socket.close(),
    });
  }

  /** @throws Error with the failure's words. */
  async call<M extends StudioMethod>(method: M, params: StudioParams<M>): Promise<StudioAnswer<M>> {
    this.calls += 1;
    const id = this.calls;
    const reply = await new Promise<Reply>((resolve) => {
      this.waiting.set(id, resolve);
      this.line.send({ id, method, params });
    });
    this.waiting.delete(id);
    if ('failure' in reply) throw new Error(`${method}: ${reply.failure.message}`);
    return reply.answer as StudioAnswer<M>;
  }

  /** @returns how to stop listening. */
  onEvent(listener: (event: StudioEvent) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  close(): void {
    this.line.close();
  }
}

/** A disc of one colour on a ground of another; upper and left half differ so that turning it shows. */
export function drawing(disc: string, ground: string, width = 160, height = 160): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="100%" height="100%" fill="${ground}"/>
    <rect width="40%" height="20%" fill="black"/>
    <circle cx="50%" cy="50%" r="${Math.min(width, height) / 4}" fill="${disc}"/></svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

export async function bringIn(
  studio: StudioClient,
  chatId: string | null,
  name: string,
  bytes: Uint8Array,
): Promise<Version> {
  return studio.call('versions.import', { chatId, name, bytes: new Uint8Array(bytes) });
}
