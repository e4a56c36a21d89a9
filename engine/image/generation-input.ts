/** Pictures on their way into the generating networks: the reference of an edit, and visual tokens of a prompt. */
import type { FloatTensor } from '../runtime/tensor.ts';
import type { Picture, Size } from './picture.ts';
import { levels, toPlanes } from './planes.ts';
import { resize } from './resize.ts';
import { fetchSize, vaeSize } from './sizes.ts';

const REFERENCE_FACTOR = 16;
const VISUAL_TOKEN_FACTOR = 14;
export const MAX_REFERENCE_PIXELS = 1024 * 1024;
const { fround } = Math;

export interface PreparedPicture {
  /** The picture at the size the network reads. */
  picture: Picture;
  /** [1, 3, height, width] in -1..1. */
  planes: FloatTensor;
}

/**
 * The reference of an edit: its size becomes that of the new picture.
 * @param maxPixels default 1024 * 1024.
 * @throws TuskError `bad-picture` if it is too long and thin.
 */
export function referenceInput(picture: Picture, maxPixels = MAX_REFERENCE_PIXELS): PreparedPicture {
  const fetched = resize(picture, fetchSize(picture, REFERENCE_FACTOR, { max: maxPixels }), 'bicubic');
  return vaeInput(fetched);
}

/** The VAE processor alone: Lanczos down to multiples of 16. */
export function vaeInput(picture: Picture): PreparedPicture {
  const resized = resize(picture, vaeSize(picture), 'lanczos');
  return { picture: resized, planes: toPlanes(resized, VAE_LEVELS) };
}

/** What the visual tokenizer reads, and its grid of tokens. @throws TuskError `bad-picture` as above. */
export function visualTokenizerInput(picture: Picture): PreparedPicture & { grid: Size } {
  const resized = resize(picture, fetchSize(picture, VISUAL_TOKEN_FACTOR), 'bicubic');
  const grid = { height: resized.height / VISUAL_TOKEN_FACTOR, width: resized.width / VISUAL_TOKEN_FACTOR };
  return { picture: resized, planes: toPlanes(resized, VISUAL_TOKENIZER_LEVELS), grid };
}

const VAE_LEVELS = levels((level) => fround(2 * fround(level / 255)) - 1);
const VISUAL_TOKENIZER_LEVELS = levels((level) => fround(fround(level / 255) - 0.5) / 0.5);
