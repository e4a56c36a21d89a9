/**
 * Picture files of the library: `pictures/<id>.png`, thumbnails made when first asked for, frames of the denoising, what
 * a draft needs to go on from where it stood, and edits as the model made them where `pictures` has them laid back.
 */
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { TuskError } from '../errors.ts';
import { isPart, writeWhole } from '../files.ts';
import { encodeThumbnail } from '../image/thumbnail.ts';
import { log } from '../log.ts';

const FOLDERS = ['pictures', 'thumbnails', 'frames', 'unfinished', 'as-made'] as const;
const ID = /^[a-z0-9]{8,40}$/;
/** Sides in pixels thumbnails are made at; a request gets the next larger one. */
const THUMBNAIL_SIDES = [160, 320, 640] as const;
const LIBRARY_SIDE = 320;

export class Pictures {
  private constructor(private readonly root: string) {}

  /** What a kill left half written is removed. */
  static async open(root: string): Promise<Pictures> {
    for (const folder of FOLDERS) {
      await mkdir(join(root, folder), { recursive: true });
      for (const name of await readdir(join(root, folder)))
        if (isPart(name)) await rm(join(root, folder, name), { force: true });
    }
    return new Pictures(root);
  }

  /** On disk when it resolves, with the thumbnail the library will ask for. @throws TuskError `file-write`. */
  async write(id: string, png: Uint8Array): Promise<void> {
    await keepFile(this.path('pictures', id, '.png'), png);
    await this.keepThumbnail(id, png, LIBRARY_SIDE).catch((thrown) =>
      log.warn(`no thumbnail yet: ${thrown}`),
    );
  }

  /** @throws TuskError `not-found` if the file is gone. */
  async read(id: string): Promise<Buffer> {
    return readFile(this.path('pictures', id, '.png')).catch(() => {
      throw new TuskError('not-found', 'The picture file is missing from the library folder.', {
        hint: 'It was moved or deleted outside Tusk; make it again from its recipe.',
      });
    });
  }

  /** A WebP file, also where the disk has no room to keep it. @param side pixels of the longer side, at least. */
  async thumbnail(id: string, side: number): Promise<Buffer> {
    const size = THUMBNAIL_SIDES.find((known) => known >= side) ?? THUMBNAIL_SIDES.at(-1)!;
    const path = this.path('thumbnails', id, `-${size}.webp`);
    return keptThumbnail(path) ?? this.keepThumbnail(id, await this.read(id), size);
  }

  private async keepThumbnail(id: string, png: Uint8Array, side: number): Promise<Buffer> {
    const made = await encodeThumbnail(png, side);
    const path = this.path('thumbnails', id, `-${side}.webp`);
    await writeWhole(path, made).catch((thrown) => log.warn(`a thumbnail is not kept: ${thrown}`));
    return made;
  }

  /** Previews of the denoising, in order. */
  async writeFrames(id: string, frames: readonly Uint8Array[]): Promise<void> {
    const files = Object.fromEntries(frames.map((frame, index) => [String(index), frame]));
    await keepFile(this.path('frames', id, '.zip'), zipSync(files, { level: 0 }));
  }

  async frames(id: string): Promise<Uint8Array[]> {
    const zip = await readFile(this.path('frames', id, '.zip')).catch(() => undefined);
    const entries = zip ? Object.entries(unzipSync(zip)) : [];
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, frame]) => frame);
  }

  /** An edit as the model made it, whose picture file has what drifted laid back. */
  async writeAsMade(id: string, png: Uint8Array): Promise<void> {
    await keepFile(this.path('as-made', id, '.png'), png);
  }

  /** Undefined where the picture file is as the model made it. */
  async asMade(id: string): Promise<Buffer | undefined> {
    return readFile(this.path('as-made', id, '.png')).catch(() => undefined);
  }

  /** @param state as the engine tells it of a cancelled picture. */
  async writeUnfinished(id: string, state: Uint8Array): Promise<void> {
    await keepFile(this.path('unfinished', id, '.safetensors'), state);
  }

  /** The file to go on from, if there is one. */
  async unfinished(id: string): Promise<string | undefined> {
    const path = this.path('unfinished', id, '.safetensors');
    return (await stat(path).catch(() => undefined)) && path;
  }

  async removeUnfinished(id: string): Promise<void> {
    await rm(this.path('unfinished', id, '.safetensors'), { force: true });
  }

  async remove(id: string): Promise<void> {
    await this.removeUnfinished(id);
    const paths = [
      this.path('pictures', id, '.png'),
      this.path('as-made', id, '.png'),
      this.path('frames', id, '.zip'),
      ...THUMBNAIL_SIDES.map((side) => this.path('thumbnails', id, `-${side}.webp`)),
    ];
    for (const path of paths) await rm(path, { force: true });
  }

  /** Ids of all picture files. */
  async ids(): Promise<string[]> {
    const entries = await readdir(join(this.root, 'pictures'), { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.png'));
    return files.map(({ name }) => name.slice(0, -'.png'.length)).filter((id) => ID.test(id));
  }

  /** Milliseconds since 1970. */
  async writtenAt(id: string): Promise<number> {
    return Math.round((await stat(this.path('pictures', id, '.png'))).mtimeMs);
  }

  private path(folder: (typeof FOLDERS)[number], id: string, ending: string): string {
    if (!ID.test(id)) throw new TuskError('not-found', 'There is no such picture.');
    return join(this.root, folder, id + ending);
  }
}

/** At once: for ten kilobytes the ways to another thread and back cost more than the reading. */
function keptThumbnail(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Windows hear of it: where the library lies is none of their business. @throws TuskError `file-write`. */
async function keepFile(path: string, bytes: Uint8Array): Promise<void> {
  await writeWhole(path, bytes).catch((cause: TuskError) => {
    log.warn(cause.message);
    throw new TuskError('file-write', "The picture can't be written: the disk is full or failing.", {
      hint: 'Free some space and try again; what was saved before is safe.',
      cause,
    });
  });
}
