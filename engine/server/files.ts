/** What is served: the renderer's files, known by name when the server starts, and pictures by their opaque ids. */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { type Content, FILE_TYPES } from '../page.ts';
import type { Studio } from '../studio/studio.ts';

const PICTURE = /^\/pictures\/([a-z0-9]{8,40})$/;
const THUMBNAIL = /^\/pictures\/([a-z0-9]{8,40})\/thumbnail(?:\?size=(\d{1,4}))?$/;
const DEFAULT_THUMBNAIL_SIDE = 320;

/** Address -> file, for all files the renderer's build made: no address of a request ever becomes a path. */
export async function rendererFiles(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names
    .filter((entry) => entry.isFile() && extname(entry.name) in FILE_TYPES)
    .map((entry) => join(entry.parentPath, entry.name));
  const byAddress = files.map(
    (path) =>
      [
        `/${path
          .slice(folder.length + 1)
          .split(sep)
          .join('/')}`,
        path,
      ] as const,
  );
  return new Map([...byAddress, ['/', join(folder, 'index.html')]]);
}

/** @returns undefined if there is nothing at this address. @throws TuskError `not-found` for a picture that is gone. */
export async function contentAt(
  address: string,
  studio: Studio,
  renderer: ReadonlyMap<string, string>,
): Promise<Content | undefined> {
  const [, picture] = PICTURE.exec(address) ?? [];
  if (picture) return { type: 'image/png', bytes: await studio.picture(picture), immutable: true };
  const [, thumbnail, size] = THUMBNAIL.exec(address) ?? [];
  if (thumbnail) {
    const side = Number(size ?? DEFAULT_THUMBNAIL_SIDE);
    return { type: 'image/webp', bytes: await studio.thumbnail(thumbnail, side), immutable: true };
  }
  const path = renderer.get(address);
  if (!path) return undefined;
  return {
    type: FILE_TYPES[extname(path)]!,
    bytes: await readFile(path),
    immutable: address.startsWith('/assets/'),
  };
}
