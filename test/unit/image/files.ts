/** Pictures for tests: a pattern without symmetry, and files of it in many formats. */
import sharp from 'sharp';
import { TuskError } from '../../../engine/errors.ts';
import type { Picture } from '../../../engine/image/picture.ts';

export function pattern(width: number, height: number): Picture {
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const x = i % width;
    const y = Math.floor(i / width);
    pixels.set([(x * 7) & 255, (y * 11) & 255, (x * y) & 255], i * 3);
  }
  return { width, height, pixels };
}

export const asSharp = ({ width, height, pixels }: Picture) =>
  sharp(pixels, { raw: { width, height, channels: 3 } });

export const isBadPicture = (words: RegExp) => (error: unknown) =>
  error instanceof TuskError &&
  error.code === 'bad-picture' &&
  words.test(error.message) &&
  error.hint !== undefined;
