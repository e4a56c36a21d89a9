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
import { nearestMultiple, sizeUnit } from './settings.ts';

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
 * A picture to edit at the size it will be edited at. A model that states its trained sizes gets the one nearest in
 * shape; another one the reference's rule, rounded to whole patches.
 */
export function fitReference(files: Model['files'], picture: Picture): PreparedPicture {
  const trained = files.tusk.sizes;
  if (!trained) return wholePatches(referenceInput(picture), sizeUnit(files));
  const shape = ({ width, height }: { width: number; height: number }) => Math.log(width / height);
  const [nearest] = trained
    .map(([width, height]) => ({ width, height }))
    .sort((a, b) => Math.abs(shape(a) - shape(picture)) - Math.abs(shape(b) - shape(picture)));
  return vaeInput(resize(picture, nearest!, 'bicubic'));
}

function wholePatches(prepared: PreparedPicture, unit: number): PreparedPicture {
  const { width, height } = prepared.picture;
  if (width % unit === 0 && height % unit === 0) return prepared;
  const size = { width: nearestMultiple(width, unit), height: nearestMultiple(height, unit) };
  return vaeInput(resize(prepared.picture, size, 'bicubic'));
}
