/** `tusk://app/`, the only address a window shows: the built page's files, and pictures by their ids from the studio. */
import { readFile, realpath } from 'node:fs/promises';
import { extname, isAbsolute, join, relative, sep } from 'node:path';
import type { CustomScheme } from 'electron';
import { type Content, FILE_TYPES, FOREVER, SAFETY_HEADERS } from '../engine/page.ts';

export const PAGE = 'tusk://app/';

/** To be registered before the app is ready. */
export const SCHEMES: CustomScheme[] = [
  { scheme: 'tusk', privileges: { standard: true, secure: true, supportFetchAPI: true } },
];

export const isPage = (address: string): boolean => address === PAGE || address.startsWith(`${PAGE}#`);

export interface PageSources {
  /** The built page. */
  folder: string;
  /** A picture by its address, from the studio; null if there is none. */
  picture(address: string): Promise<Content | null>;
}

/** Request in, response out; never throws. */
export const pageHandler =
  (sources: PageSources) =>
  async (request: Request): Promise<Response> => {
    const { protocol, host, pathname, search } = new URL(request.url);
    if (`${protocol}//${host}/` !== PAGE) return refusal(403, 'Only the page of Tusk is served.');
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refusal(405, 'Only GET and HEAD are served.');
    const content = await find(sources, pathname, search).catch(() => null);
    return content ? response(content) : refusal(404, 'There is nothing at this address.');
  };

function find({ folder, picture }: PageSources, pathname: string, search: string): Promise<Content | null> {
  return pathname.startsWith('/pictures/') ? picture(pathname + search) : pageFile(folder, pathname);
}

/** null for whatever would leave the folder, in spelling or by a link, and for endings a page doesn't need. */
async function pageFile(folder: string, pathname: string): Promise<Content | null> {
  const name = pathname === '/' ? 'index.html' : decodeURIComponent(pathname).slice(1);
  const type = FILE_TYPES[extname(name)];
  if (type === undefined || name.includes('\0')) return null;
  const root = await realpath(folder);
  const path = await realpath(join(root, name));
  if (!isInside(root, path)) return null;
  return { type, bytes: await readFile(path), immutable: pathname.startsWith('/assets/') };
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function response({ type, bytes, immutable = false }: Content): Response {
  const headers = {
    ...SAFETY_HEADERS,
    'Content-Type': type,
    'Cache-Control': immutable ? FOREVER : 'no-store',
  };
  return new Response(new Uint8Array(bytes), { headers });
}

function refusal(status: number, reason: string): Response {
  const headers = {
    ...SAFETY_HEADERS,
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
  };
  return new Response(reason, { status, headers });
}
