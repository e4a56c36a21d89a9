/** What the modules of electron/ take for granted and Node 12 lacks. Imported before any of them. */
import { performance } from 'node:perf_hooks';

class OldRequest {
  readonly method: string;
  constructor(
    readonly url: string,
    { method = 'GET' }: { method?: string } = {},
  ) {
    this.method = method;
  }
}

class OldResponse {
  readonly status: number;
  readonly headers: Map<string, string>;
  constructor(
    private readonly body: string | Uint8Array,
    { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
  ) {
    this.status = status;
    this.headers = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  }
  arrayBuffer = async (): Promise<Uint8Array> => Buffer.from(this.body as string);
}

function canParse(address: string): boolean {
  try {
    return Boolean(new URL(address));
  } catch {
    return false;
  }
}

Object.assign(globalThis, { performance, Request: OldRequest, Response: OldResponse });
Object.assign(URL, { canParse });
