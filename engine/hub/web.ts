/** Requests to a hub: through the proxies of the environment, redirects checked one by one, the token only for its own hub. */

import type { Dispatcher } from 'undici';
import { EnvHttpProxyAgent, request } from 'undici';
import { TuskError } from '../errors.ts';
import { assertRedirect, guardedLookup, mayHaveToken } from './address.ts';

const MOST_REDIRECTS = 8;
const CONNECT_TIMEOUT_MS = 15_000;
/** Between two pieces of a body; a server that stalls is asked again. */
const STALL_TIMEOUT_MS = 30_000;

export interface WebAnswer {
  status: number;
  header: (name: string) => string | undefined;
  body: Dispatcher.ResponseData['body'];
}

export interface WebRequest {
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

export class Web {
  private readonly agent: EnvHttpProxyAgent;

  /**
   * @param token of the person's account, for repositories that need one; see `mayHaveToken`
   * @param onCall told of each request: where it went, and how much the answer says it brings
   */
  constructor(
    readonly endpoint: URL,
    private readonly token: string | undefined,
    private readonly onCall: (address: string, sizeBytes: number) => void = () => {},
  ) {
    const connect = { timeout: CONNECT_TIMEOUT_MS, lookup: guardedLookup(endpoint) };
    this.agent = new EnvHttpProxyAgent({
      connect,
      headersTimeout: STALL_TIMEOUT_MS,
      bodyTimeout: STALL_TIMEOUT_MS,
    });
  }

  /** A path of the endpoint, which may lie in a folder of its host. */
  address(path: string): URL {
    return new URL(this.endpoint.pathname.replace(/\/$/, '') + path, this.endpoint);
  }

  /** Follows redirects. The body must be read or destroyed. @throws what the network gives; TuskError `download-failed` */
  async get(address: URL, { headers = {}, signal }: WebRequest = {}): Promise<WebAnswer> {
    let url = address;
    let linked: string | undefined;
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const sent = this.token && mayHaveToken(url) ? { authorization: `Bearer ${this.token}` } : {};
      const answer = await request(url, {
        dispatcher: this.agent,
        headers: { 'user-agent': 'tusk', 'accept-encoding': 'identity', ...sent, ...headers },
        ...(signal && { signal }),
      }).catch((thrown: unknown) => {
        this.onCall(url.origin + url.pathname, 0);
        throw thrown;
      });
      answer.body.on('error', () => {}); // told to whoever reads it; a body that is left unread has nobody
      const header = (name: string) => [answer.headers[name]].flat()[0];
      this.onCall(url.origin + url.pathname, Number(header('content-length') ?? 0));
      linked ??= header('x-linked-etag');
      const location = header('location');
      if (answer.statusCode < 300 || answer.statusCode >= 400 || location === undefined) {
        const read = (name: string) => (name === 'etag' ? (linked ?? header(name)) : header(name));
        return { status: answer.statusCode, header: read, body: answer.body };
      }
      answer.body.destroy();
      const next = new URL(location, url);
      assertRedirect(url, next, this.endpoint);
      url = next;
    }
    throw new TuskError('download-failed', `${address.host} redirects without end.`);
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}
