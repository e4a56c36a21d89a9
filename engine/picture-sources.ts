/** Pictures a request brings along, decoded, each with a key by which equal ones are recognised. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { decodePicture, readPicture } from './image/decode.ts';
import { type PreparedPicture, referenceInput, vaeInput } from './image/generation-input.ts';
import type { Picture } from './image/picture.ts';
import { resize } from './image/resize.ts';
import type { Model } from './load.ts';
import type { PictureSource } from './protocol.ts';
import type { PictureByName } from './reading.ts';
import { nearestMultiple, type PixelSize, sizeUnit } from './settings.ts';

export interface SourcePicture {
  key: string;
  picture: Picture;
}

/** @throws TuskError `not-found` or `bad-picture`, naming the file. */
export async function readSource(source: PictureSource): Promise<SourcePicture> {
  const picture = await ('path' in source ? readPicture(source.path) : decodePicture(source.bytes));
  const hash = createHash('sha256').update(`${picture.width} ${picture.height} `).update(picture.pixels);
  return { key: hash.digest('hex'), picture };
}

/** The source's file as it is. @throws Error if it is gone since it was decoded. */
export const sourceBytes = async (source: PictureSource): Promise<Uint8Array> =>
  'path' in source ? readFile(source.path) : source.bytes;

export function byKey(pictures: readonly SourcePicture[]): PictureByName {
  const known = new Map(pictures.map(({ key, picture }) => [key, picture]));
  return (key) => known.get(key)!;
}

/**
 * The picture as the model sees it. One that states its trained sizes sees it at that nearest in shape, since it never
 * met more or fewer tokens of a picture; another one as it is.
 */
export function asSeen({ tusk }: Model['files'], picture: Picture): Picture {
  if (!tusk.sizes) return picture;
  const shape = ({ width, height }: PixelSize) => Math.log(width / height);
  const off = (size: PixelSize) => Math.abs(shape(size) - shape(picture));
  const trained = tusk.sizes.map(([width, height]) => ({ width, height }));
  return resize(
    picture,
    trained.reduce((best, size) => (off(size) < off(best) ? size : best)),
    'bicubic',
  );
}

/**
 * A picture to edit at the size it will be edited at: a trained one as it is, others by the reference's rule, rounded
 * to whole patches.
 * @param seen by `asSeen`
 */
export function fitReference(files: Model['files'], seen: Picture): PreparedPicture {
  return files.tusk.sizes ? vaeInput(seen) : wholePatches(referenceInput(seen), sizeUnit(files));
}

function wholePatches(prepared: PreparedPicture, unit: number): PreparedPicture {
  const { width, height } = prepared.picture;
  if (width % unit === 0 && height % unit === 0) return prepared;
  const size = { width: nearestMultiple(width, unit), height: nearestMultiple(height, unit) };
  return vaeInput(resize(prepared.picture, size, 'bicubic'));
}
