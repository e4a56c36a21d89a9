/**
 * Who may come in. The server listens on loopback only, yet any page in any browser of this machine can reach it:
 * so the Host is one of three, a foreign Origin is refused, and everything but the first visit needs a cookie that
 * only the printed address gives, once.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Refusal {
  status: 400 | 401 | 403 | 405 | 421;
  reason: string;
}

/** `welcome`: give this cookie and send the visitor to the page without the token. */
export type Verdict = Refusal | { welcome: string } | 'allowed';

const SECRET_BYTES = 32;
const LONGEST_ADDRESS = 2_048;

export class Door {
  private readonly hosts: ReadonlySet<string>;
  private readonly secret = newSecret();
  private token: string | undefined;

  constructor(private readonly port: number) {
    this.hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]);
  }

  /** An address that lets one browser in, once. An older one that wasn't used stops working. */
  newAddress(): string {
    this.token = newSecret();
    return `http://127.0.0.1:${this.port}/?token=${this.token}`;
  }

  /** @param upgrade a WebSocket: needs the cookie and an Origin of ours. */
  judge(request: IncomingMessage, upgrade: boolean): Verdict {
    const { host, origin, cookie } = request.headers;
    if (host === undefined || !this.hosts.has(host.toLowerCase()))
      return { status: 421, reason: 'This host name is not served here.' };
    if (origin === undefined ? upgrade : !this.isOurs(origin))
      return { status: 403, reason: 'Requests from other pages are refused.' };
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return { status: 405, reason: 'Only GET and HEAD are served.' };
    if (hasBody(request)) return { status: 400, reason: 'Requests have no body here.' };
    return this.judgeVisitor(request.url ?? '/', cookie, upgrade);
  }

  private judgeVisitor(url: string, cookie: string | undefined, upgrade: boolean): Verdict {
    if (url.length > LONGEST_ADDRESS) return { status: 400, reason: 'The address is too long.' };
    const given = tokenOf(url);
    if (given !== undefined) return upgrade ? USED : this.trade(given, url);
    return this.knows(cookie) ? 'allowed' : { status: 401, reason: 'Open the address that Tusk printed.' };
  }

  /** The token is good once, and only on the page's own address. */
  private trade(given: string, url: string): Verdict {
    const token = this.token;
    if (token === undefined || !isSame(given, token) || !url.startsWith('/?')) return USED;
    this.token = undefined;
    return { welcome: `${this.cookieName}=${this.secret}; HttpOnly; SameSite=Strict; Path=/` };
  }

  private knows(cookies: string | undefined): boolean {
    return (cookies ?? '').split(';').some((pair) => {
      const [name, value = ''] = pair.trim().split('=', 2);
      return name === this.cookieName && isSame(value, this.secret);
    });
  }

  /** Cookies are shared by all ports of a host. */
  private get cookieName(): string {
    return `tusk-${this.port}`;
  }

  private isOurs(origin: string): boolean {
    return origin.startsWith('http://') && this.hosts.has(origin.slice('http://'.length).toLowerCase());
  }
}

const USED: Refusal = { status: 403, reason: 'This address was used already. Ask Tusk for a new one.' };

const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');

function tokenOf(url: string): string | undefined {
  const query = url.indexOf('?');
  return query < 0 ? undefined : (new URLSearchParams(url.slice(query)).get('token') ?? undefined);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
