/** A model hub on loopback that serves one repository, and misbehaves on request. It counts the bytes it sends. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

export const REPOSITORY = 'somebody/some-model';
export const COMMIT = 'c'.repeat(40);

export interface Faults {
  /** Cuts each answer after this many bytes; the numbers are taken in turn, then no more. */
  cuts: number[];
  /** Answers 200 with the whole file, whatever range is asked for. */
  ignoresRanges: boolean;
  /** Serves these bytes in place of a file's, with another ETag. */
  replaced: Map<string, Buffer>;
  /** Stands behind every ETag. */
  tagSuffix: string;
  /** Answers everything with a login page. */
  isCaptive: boolean;
  /** Files answer with a login page of status 200. */
  hasCaptiveFiles: boolean;
  /** Sends every file on to this address. */
  redirect: string | undefined;
  /** The listing goes on with spaces without end. */
  hasEndlessListing: boolean;
  /** Answers this often with status 503 first. */
  busy: number;
  /** Files' headers go out, and nothing after them. */
  stalls: boolean;
  /** Called with each file request, before it is answered. */
  onFile: (name: string) => void;
}

const LOGIN_PAGE = '<!DOCTYPE html><html><body>Please log in to the network.</body></html>';
const RANGE = /^bytes=(\d+)-(\d+)$/;

export class HubServer {
  readonly faults: Faults = {
    ...{ cuts: [], ignoresRanges: false, replaced: new Map(), isCaptive: false, hasCaptiveFiles: false },
    ...{
      redirect: undefined,
      busy: 0,
      stalls: false,
      hasEndlessListing: false,
      tagSuffix: '',
      onFile: () => {},
    },
  };
  /** Bytes of files that went out. */
  sentBytes = 0;
  /** What requests brought as `authorization`. */
  readonly authorizations = new Set<string>();
  /** What the listing says of files, where it differs from what is served. */
  readonly listed = new Map<string, { size: number }>();

  private constructor(
    readonly files: Map<string, Buffer>,
    private readonly server: Server,
  ) {}

  /** @param tls key and certificate, to be reached over https */
  static async start(files: Record<string, Buffer>, tls?: { key: Buffer; cert: Buffer }): Promise<HubServer> {
    const server = tls ? createSecureServer(tls) : createServer();
    const hub = new HubServer(new Map(Object.entries(files)), server);
    server.on('request', (request, response) => void hub.answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return hub;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Over http. */
  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url!, this.address);
    const { authorization } = request.headers;
    if (authorization) this.authorizations.add(authorization);
    if (this.faults.isCaptive) return void page(response);
    if (this.faults.hasEndlessListing && pathname.startsWith('/api/'))
      return void Readable.from(spaces()).pipe(response);
    if (pathname === `/api/models/${REPOSITORY}/revision/main`)
      return void response.end(JSON.stringify(this.listing()));
    const name = decodeURIComponent(pathname.slice(`/${REPOSITORY}/resolve/${COMMIT}/`.length));
    const bytes = this.faults.replaced.get(name) ?? this.files.get(name);
    if (!bytes) return void response.writeHead(404).end();
    this.faults.onFile(name);
    if (this.faults.hasCaptiveFiles) return void page(response);
    if (this.faults.redirect) return void response.writeHead(302, { location: this.faults.redirect }).end();
    if (this.faults.busy-- > 0) return void response.writeHead(503).end();
    this.sendFile(request, response, bytes);
  }

  private listing(): object {
    const siblings = [...this.files].map(([rfilename, bytes]) => ({
      rfilename,
      size: this.listed.get(rfilename)?.size ?? bytes.length,
      blobId: createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex'),
      ...(rfilename.endsWith('.safetensors') && {
        lfs: { sha256: sha256(bytes), size: this.listed.get(rfilename)?.size ?? bytes.length },
      }),
    }));
    return { sha: COMMIT, siblings };
  }

  private sendFile(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
    const etag = `"tag-${sha256(bytes).slice(0, 16)}${this.faults.tagSuffix}"`;
    const range = RANGE.exec(request.headers.range ?? '');
    const condition = request.headers['if-range'];
    const isPart = range && !this.faults.ignoresRanges && (condition === undefined || condition === etag);
    const [from, to] = isPart ? [Number(range[1]), Number(range[2]) + 1] : [0, bytes.length];
    const headers = { etag, 'content-length': to - from, 'content-type': 'application/octet-stream' };
    if (isPart)
      response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${to - 1}/${bytes.length}` });
    else response.writeHead(200, headers);
    if (this.faults.stalls) return void response.flushHeaders();
    const cut = this.faults.cuts.shift();
    const end = cut === undefined ? to : Math.min(to, from + cut);
    this.sentBytes += end - from;
    if (end === to) return void response.end(bytes.subarray(from, to));
    response.flushHeaders();
    if (end > from) response.write(bytes.subarray(from, end));
    setTimeout(() => response.destroy(), 20);
  }
}

function* spaces(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(2 ** 20, ' ');
}

const page = (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(LOGIN_PAGE);

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A small repository: a config, weights of several parts, something a checkpoint doesn't need. */
export const someFiles = (weightBytes: number): Record<string, Buffer> => ({
  'config.json': Buffer.from('{"model_type":"mammothmoda2"}'),
  'empty.txt': Buffer.alloc(0),
  'model.safetensors': randomBytes(weightBytes),
  'pytorch_model.bin': randomBytes(100),
});
