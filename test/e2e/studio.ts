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

export class StudioClient {
  private calls = 0;
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private readonly listeners = new Set<(event: StudioEvent) => void>();

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      const message = decodeFrame(isBinary ? data : data.toString('utf8')) as Reply | StudioEvent;
      if ('event' in message) for (const listener of this.listeners) listener(message);
      else this.waiting.get(message.id)?.(message);
    });
  }

  static async open(address: string, cookie: string): Promise<StudioClient> {
    const { origin, host } = new URL(address);
    const socket = new WebSocket(`ws://${host}/studio`, { headers: { cookie, origin } });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new StudioClient(socket);
  }

  /** @throws Error with the failure's words. */
  async call<M extends StudioMethod>(method: M, params: StudioParams<M>): Promise<StudioAnswer<M>> {
    this.calls += 1;
    const id = this.calls;
    const reply = await new Promise<Reply>((resolve) => {
      this.waiting.set(id, resolve);
      this.socket.send(encodeFrame({ id, method, params }));
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
    this.socket.close();
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
