/** How frames reach the studio: a WebSocket in a browser, a MessagePort in the Electron window. */
import { decodeFrame, encodeFrame } from '../../engine/wire.ts';

export interface Transport {
  send(message: unknown): void;
  /** Called for every message, in order. */
  onMessage: (message: unknown) => void;
  /** Called on every change; `open` also after each reconnection. */
  onState: (state: 'open' | 'closed') => void;
  start(): void;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 4_000;

/** Reconnects by itself with growing pauses; what was sent while closed is dropped (the client rejects it). */
export class SocketTransport implements Transport {
  onMessage: Transport['onMessage'] = () => {};
  onState: Transport['onState'] = () => {};
  private socket: WebSocket | undefined;
  private retryMs = FIRST_RETRY_MS;

  constructor(private readonly address: string) {}

  start(): void {
    const socket = new WebSocket(this.address);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.retryMs = FIRST_RETRY_MS;
      this.onState('open');
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => this.onMessage(decodeFrame(data));
    socket.onclose = () => this.reopen();
    this.socket = socket;
  }

  send(message: unknown): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(encodeFrame(message));
  }

  private reopen(): void {
    this.onState('closed');
    setTimeout(() => this.start(), this.retryMs);
    this.retryMs = Math.min(LAST_RETRY_MS, this.retryMs * 2);
  }
}

/** Frames are structured clones. The shell hands over a new port whenever the studio was restarted, null when it is lost. */
export class PortTransport implements Transport {
  onMessage: Transport['onMessage'] = () => {};
  onState: Transport['onState'] = () => {};
  private port: MessagePort | null = null;

  constructor(private readonly onPort: (receive: (port: MessagePort | null) => void) => void) {}

  start(): void {
    this.onPort((port) => {
      this.leave();
      if (port) this.enter(port);
    });
  }

  send(message: unknown): void {
    this.port?.postMessage(message);
  }

  private enter(port: MessagePort): void {
    this.port = port;
    port.onmessage = ({ data }: MessageEvent<unknown>) => this.onMessage(data);
    port.start();
    this.onState('open');
  }

  private leave(): void {
    if (!this.port) return;
    this.port.close();
    this.port = null;
    this.onState('closed');
  }
}
