/**
 * Picture files to RGB, as the official code sees them: 8 bits, profiles ignored, RGBA laid on white, every
 * other kind of transparency dropped. Unlike it, pictures are turned upright (EXIF).
 */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import sharp, { type Metadata } from 'sharp';
import { TuskError } from '../errors.ts';
import { badPicture, type Picture } from './picture.ts';

/** 10,000 x 10,000: 300 MB once decoded. */
export const MAX_PICTURE_PIXELS = 100_000_000;
export const MAX_PICTURE_BYTES = 256 * 2 ** 20;
const DECODE_DEADLINE_SECONDS = 30;
const FORMATS = new Set(['png', 'jpeg', 'webp', 'heif']);
const WHICH = 'Use a PNG, JPEG, WebP or AVIF picture.';
/** Where a PNG file states its bit depth; the colour type follows. */
const PNG_DEPTH_OFFSET = 24;
const PNG_GREY_ALPHA = 4;
const PNG_RGBA = 6;

/** @throws TuskError `not-found`, or `bad-picture` as `decodePicture`. */
export async function readPicture(path: string): Promise<Picture> {
  const name = basename(path);
  const info = await stat(path).catch(() => undefined);
  if (!info)
    throw new TuskError('not-found', `There is no file ${path}.`, { hint: 'It may have been moved.' });
  if (!info.isFile()) throw badPicture(`${name} isn't a file.`, WHICH);
  if (info.size > MAX_PICTURE_BYTES) throw badPicture(`${name} is larger than 256 MB.`, 'Save it smaller.');
  return decodePicture(await readFile(path), name);
}

/**
 * The pixel count is looked at before anything is decoded.
 * @param name what to call the picture in errors.
 * @throws TuskError `bad-picture`: empty, not a picture, cut off, too large, or of another format.
 */
export async function decodePicture(bytes: Uint8Array, name = 'The picture'): Promise<Picture> {
  if (bytes.length === 0) throw badPicture(`${name} is empty (0 bytes).`, WHICH);
  const header = sharp(bytes, { limitInputPixels: false });
  const metadata = await header.metadata().catch((cause: unknown) => {
    throw badPicture(`${name} isn't a picture that can be read.`, WHICH, cause);
  });
  assertAllowed(metadata, name);
  const { data, info } = await sharp(bytes, {
    failOn: 'error',
    limitInputPixels: MAX_PICTURE_PIXELS,
    ignoreIcc: true,
  })
    .autoOrient()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .timeout({ seconds: DECODE_DEADLINE_SECONDS })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw badPicture(`${name} is damaged or cut off.`, 'Save or download it again.', cause);
    });
  const pixels = toRgb(data, info.channels, metadata.format !== 'png' || isRgbaPng(bytes));
  return { width: info.width, height: info.height, pixels };
}

function assertAllowed({ format, width, height }: Metadata, name: string): void {
  if (!FORMATS.has(format)) throw badPicture(`${name} is a ${format} file.`, WHICH);
  if (width * height > MAX_PICTURE_PIXELS) {
    throw badPicture(
      `${name} has ${width} x ${height} pixels; at most ${MAX_PICTURE_PIXELS / 1e6} million are read.`,
      'Save it smaller.',
    );
  }
}

function toRgb(data: Uint8Array, channels: number, layOnWhite: boolean): Uint8Array {
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  const count = data.length / channels;
  const pixels = new Uint8Array(count * 3);
  const hasAlpha = channels % 2 === 0;
  const colours = hasAlpha ? channels - 1 : channels;
  for (let i = 0; i < count; i++) {
    const alpha = hasAlpha && layOnWhite ? data[i * channels + colours]! : 255;
    for (let c = 0; c < 3; c++) {
      const value = data[i * channels + (colours === 1 ? 0 : c)]!;
      pixels[i * 3 + c] = alpha === 255 ? value : onWhite(value, alpha);
    }
  }
  return pixels;
}

/** Pillow reads grey with alpha as RGBA when it has 16 bits, and drops the alpha when it has 8. */
function isRgbaPng(bytes: Uint8Array): boolean {
  const [depth, colourType] = bytes.subarray(PNG_DEPTH_OFFSET);
  return colourType === PNG_RGBA || (colourType === PNG_GREY_ALPHA && depth === 16);
}

/** Pillow's paste through a mask. */
function onWhite(value: number, alpha: number): number {
  const t = value * alpha + 255 * (255 - alpha) + 128;
  return (t + (t >> 8)) >> 8;
}
