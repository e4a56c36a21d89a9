/** Answers over HTTP, all with the headers that keep a page from being misused. */
import type { ServerResponse } from 'node:http';
import { type Content, FOREVER, SAFETY_HEADERS } from '../page.ts';
import type { Refusal } from './door.ts';

export function sendContent(response: ServerResponse, { type, bytes, immutable = false }: Content): void {
  response.writeHead(200, {
    ...SAFETY_HEADERS,
    'Content-Type': type,
    'Content-Length': bytes.length,
    'Cache-Control': immutable ? FOREVER : 'no-store',
  });
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}

export function sendWelcome(response: ServerResponse, cookie: string): void {
  response.writeHead(303, {
    ...SAFETY_HEADERS,
    'Set-Cookie': cookie,
    Location: '/',
    'Cache-Control': 'no-store',
  });
  response.end();
}

/** Closes the connection too, so that nothing that was sent along is waited for. */
export function sendRefusal(response: ServerResponse, { status, reason }: Refusal | NotFound): void {
  response.writeHead(status, {
    ...SAFETY_HEADERS,
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  response.end(`${reason}\n`);
}

export interface NotFound {
  status: 404;
  reason: string;
}
