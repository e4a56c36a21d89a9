/** Browser mode: the renderer, pictures and the studio's protocol over HTTP and WebSocket on loopback. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { TuskError, toTuskError } from './errors.ts';
import type { Port } from './protocol.ts';
import { Door, type Refusal } from './server/door.ts';
import { contentAt, rendererFiles } from './server/files.ts';
import { sendContent, sendRefusal, sendWelcome } from './server/responses.ts';
import { serveWindow } from './studio/serve-window.ts';
import type { Studio } from './studio/studio.ts';
import { decodeFrame, encodeFrame } from './wire.ts';

export interface ServerOptions {
  studio: Studio;
  /** Folder of the built renderer. */
  renderer: string;
  /** 0 = any free one. */
  port: number;
}

export interface RunningServer {
  port: number;
  /** An address that lets one browser in, once. */
  newAddress(): string;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const SOCKET_PATH = '/studio';
const LIMITS = {
  maxHeaderSize: 16_384,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
};
const CHECK_EVERY_MS = 1_000;
const MOST_CONNECTIONS = 128;
/** A picture file of 64 MiB and its envelope. */
const LARGEST_FRAME_BYTES = 65 * 2 ** 20;
/** A window that is so far behind gets no previews; one that reads nothing at all is let go. */
const BEHIND_BYTES = 4 * 2 ** 20;
const GONE_BYTES = 2 * LARGEST_FRAME_BYTES;

/** @throws TuskError `unavailable` if the port can't be had; Error if the folder can't be read. */
export async function startServer({ studio, renderer, port }: ServerOptions): Promise<RunningServer> {
  const files = await rendererFiles(renderer);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_FRAME_BYTES });
  const server = createServer({ ...LIMITS, connectionsCheckingInterval: CHECK_EVERY_MS });
  server.maxConnections = MOST_CONNECTIONS;
  const door = new Door(await listen(server, port));
  server.on('request', (request, response) => void serve(request, response, { door, studio, files }));
  server.on('upgrade', (request, socket, head) => {
    const verdict = door.judge(request, true);
    if (verdict !== 'allowed') return refuseUpgrade(socket, verdict);
    if (request.url !== SOCKET_PATH) return refuseUpgrade(socket, { status: 400, reason: 'Not a socket.' });
    sockets.handleUpgrade(request, socket, head, (opened) => serveWindow(studio, socketPort(opened)));
  });
  return {
    port: (server.address() as AddressInfo).port,
    newAddress: () => door.newAddress(),
    close: () => close(server, sockets),
  };
}

interface Served {
  door: Door;
  studio: Studio;
  files: ReadonlyMap<string, string>;
}

async function serve(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const verdict = served.door.judge(request, false);
  if (typeof verdict === 'object' && 'welcome' in verdict) return sendWelcome(response, verdict.welcome);
  if (verdict !== 'allowed') return sendRefusal(response, verdict);
  try {
    const content = await contentAt(request.url ?? '/', served.studio, served.files);
    if (content) sendContent(response, content);
    else sendRefusal(response, { status: 404, reason: 'There is nothing at this address.' });
  } catch (thrown) {
    sendRefusal(response, { status: 404, reason: toTuskError(thrown).message });
  }
}

function refuseUpgrade(socket: Duplex, verdict: Refusal | { welcome: string }): void {
  const status = 'status' in verdict ? verdict.status : 403;
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function socketPort(socket: WebSocket): Port {
  socket.on('error', () => socket.terminate());
  return {
    send: (message) => sendTo(socket, message),
    onMessage: (listener) =>
      void socket.on('message', (data: RawData, isBinary: boolean) => listener(decoded(data, isBinary))),
    onClose: (listener) => void socket.once('close', listener),
    close: () => socket.close(),
  };
}

function sendTo(socket: WebSocket, message: unknown): void {
  const { readyState, OPEN, bufferedAmount } = socket;
  const isPreview = (message as { event?: unknown }).event === 'preview';
  if (readyState !== OPEN || (isPreview && bufferedAmount > BEHIND_BYTES)) return;
  if (bufferedAmount > GONE_BYTES) socket.terminate();
  else socket.send(encodeFrame(message));
}

/** A frame that can't be read is no request: undefined. */
function decoded(data: RawData, isBinary: boolean): unknown {
  const buffer = Buffer.isBuffer(data)
    ? data
    : Buffer.concat([data].flat().map((part) => new Uint8Array(part)));
  try {
    return decodeFrame(isBinary ? buffer : buffer.toString('utf8'));
  } catch {
    return undefined;
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(notServed(port, cause)));
    server.listen(port, HOST, () => resolve((server.address() as AddressInfo).port));
  });
}

function notServed(port: number, cause: NodeJS.ErrnoException): TuskError {
  const why = cause.code === 'EADDRINUSE' ? 'it is in use by another program' : cause.message;
  return new TuskError('unavailable', `Tusk can't be reached at port ${port}: ${why}.`, {
    hint: 'Choose another port, or 0 for any that is free.',
    cause,
  });
}

async function close(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) socket.terminate();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
