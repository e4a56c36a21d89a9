/** Pictures as files for other programs. */
import sharp from 'sharp';
import { encodeGeneratedPng, PROVENANCE_XMP } from './encode.ts';
import { type RecipeFacts, recipeText } from './recipe-text.ts';
import { encodePng, pixelsOf } from './transform.ts';

export type ExportFormat = 'png' | 'jpeg' | 'webp';

export interface ExportNotes {
  /** Written into the file; absent = left out. */
  recipe?: RecipeFacts;
  madeByModel: boolean;
}

/** @param file a picture of the library. Nothing else it carries goes along. */
export async function encodeExport(
  file: Uint8Array,
  format: ExportFormat,
  { recipe, madeByModel }: ExportNotes,
): Promise<Uint8Array> {
  if (format === 'png') {
    const picture = await pixelsOf(sharp(file));
    return recipe ? encodeGeneratedPng(picture, recipe) : encodePng(picture, madeByModel);
  }
  const plain = sharp(file).toColourspace('srgb');
  const noted = recipe ? plain.withExif({ IFD0: { ImageDescription: recipeText(recipe) } }) : plain;
  const told = madeByModel ? noted.withXmp(PROVENANCE_XMP) : noted;
  return format === 'jpeg' ? told.jpeg({ quality: 92 }).toBuffer() : told.webp({ quality: 92 }).toBuffer();
}

/** Between two pictures that are shown beside each other, share of their height. */
const GAP = 1 / 64;

/** Both beside each other, the second at the height of the first. @returns a file that says a model made it. */
export async function encodeBeforeAfter(
  before: Uint8Array,
  after: Uint8Array,
  format: ExportFormat,
): Promise<Uint8Array> {
  const { width, height } = await sharp(before).metadata();
  const second = await sharp(after).resize({ height }).png().toBuffer({ resolveWithObject: true });
  const left = width + Math.max(1, Math.round(height * GAP));
  const create = { width: left + second.info.width, height, channels: 3 as const, background: 'white' };
  const both = sharp({ create }).composite([
    { input: Buffer.from(before), left: 0, top: 0 },
    { input: second.data, left, top: 0 },
  ]);
  return encodeExport(await both.png().toBuffer(), format, { madeByModel: true });
}

const LONGEST_SIDE = 512;
const FRAME_MS = 160;
const LAST_FRAME_MS = 1_600;

/** The frames one after the other, then the finished picture for longer. @returns an animated file. */
export async function encodeTimeLapse(
  frames: readonly Uint8Array[],
  finished: Uint8Array,
  format: 'gif' | 'webp',
): Promise<Uint8Array> {
  const { width, height } = await sharp(finished).metadata();
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const size = [width, height].map((side) => Math.max(1, Math.round(side * scale))) as [number, number];
  const same = await Promise.all([...frames, finished].map((frame) => frameOf(frame, size)));
  const delay = same.map((_, index) => (index === same.length - 1 ? LAST_FRAME_MS : FRAME_MS));
  const film = same.length > 1 ? sharp(same, { join: { animated: true } }) : sharp(same[0]);
  const options = { delay, loop: 0 };
  return format === 'gif' ? film.gif(options).toBuffer() : film.webp(options).toBuffer();
}

const frameOf = (frame: Uint8Array, [width, height]: [number, number]): Promise<Buffer> =>
  sharp(frame).resize(width, height, { fit: 'fill', kernel: 'cubic' }).removeAlpha().png().toBuffer();
