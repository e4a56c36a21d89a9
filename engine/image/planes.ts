/** Between 8-bit pictures and float32 planes, each operation rounded to float32 as the reference rounds it. */
import { assertFinite, type FloatTensor, floatTensor } from '../runtime/tensor.ts';
import type { Picture } from './picture.ts';

const { fround } = Math;

/** A value for each of the 256 levels. */
export function levels(map: (level: number) => number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, level) => map(level));
}

/** @param table float value of each level. @returns [1, 3, height, width]. */
export function toPlanes({ width, height, pixels }: Picture, table: Float32Array): FloatTensor {
  const area = width * height;
  const data = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) data[c * area + i] = table[pixels[i * 3 + c]!]!;
  }
  return floatTensor(data, [1, 3, height, width]);
}

/**
 * A decoded picture in -1..1 to 8 bits: clamp(v/2 + 1/2) times 255, half to even.
 * @param image [1, 3, height, width].
 * @throws TuskError `non-finite` if a value is NaN or infinite.
 */
export function fromPlanes(image: FloatTensor): Picture {
  const [, , height, width] = image.shape as [number, number, number, number];
  const area = width * height;
  const { data } = image;
  assertFinite(data, 'The picture decoder');
  const pixels = new Uint8ClampedArray(3 * area); // clamps and rounds half to even by itself
  for (let c = 0; c < 3; c++)
    for (let i = c * area, at = c; i < (c + 1) * area; i++, at += 3)
      pixels[at] = fround(fround(data[i]! * 0.5 + 0.5) * 255);
  return { width, height, pixels: new Uint8Array(pixels.buffer) };
}
