/**
 * Pillow's resampling, equal to the bit: horizontal pass, then vertical, each in fixed point and rounded to
 * 8 bits; a pass whose size stays is left out.
 */
import { badPicture, type Picture, type Size } from './picture.ts';

const FRACTION_BITS = 22;
const ONE = 2 ** FRACTION_BITS;
const HALF = 2 ** (FRACTION_BITS - 1);
const { imul } = Math;

interface Kernel {
  /** Half its width, in input pixels at scale 1. */
  support: number;
  weight(distance: number): number;
}

const KERNELS = {
  bicubic: { support: 2, weight: bicubic },
  lanczos: { support: 3, weight: (x: number) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
} satisfies Record<string, Kernel>;

export type ResizeFilter = keyof typeof KERNELS;

/** @throws TuskError `bad-picture` if the new size has a side of 0. */
export function resize(picture: Picture, { height, width }: Size, filter: ResizeFilter): Picture {
  if (height < 1 || width < 1) {
    throw badPicture('The picture is too long and thin.', 'Crop it nearer to a square.');
  }
  const kernel = KERNELS[filter];
  const wide = width === picture.width ? picture : resizeRows(picture, width, kernel);
  return height === wide.height ? wide : resizeColumns(wide, height, kernel);
}

/** For each output position: its first input, how many inputs, and their weights (`stride` apart). */
interface Weights {
  starts: Int32Array;
  counts: Int32Array;
  values: Int32Array;
  stride: number;
}

function weightsFor(input: number, output: number, kernel: Kernel): Weights {
  const scale = input / output;
  const stretch = Math.max(scale, 1);
  const support = kernel.support * stretch;
  const stride = Math.ceil(support) * 2 + 1;
  const weights: Weights = {
    starts: new Int32Array(output),
    counts: new Int32Array(output),
    values: new Int32Array(output * stride),
    stride,
  };
  for (let i = 0; i < output; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(input, Math.trunc(centre + support + 0.5));
    const exact = Array.from({ length: end - start }, (_, k) =>
      kernel.weight((k + start - centre + 0.5) * (1 / stretch)),
    );
    const sum = exact.reduce((total, weight) => total + weight, 0);
    weights.starts[i] = start;
    weights.counts[i] = end - start;
    weights.values.set(
      exact.map((weight) => toFixed(sum === 0 ? weight : weight / sum)),
      i * stride,
    );
  }
  return weights;
}

function toFixed(weight: number): number {
  return Math.trunc(weight * ONE + (weight < 0 ? -0.5 : 0.5));
}

function resizeRows(picture: Picture, width: number, kernel: Kernel): Picture {
  const { starts, counts, values, stride } = weightsFor(picture.width, width, kernel);
  const source = picture.pixels;
  const pixels = new Uint8ClampedArray(picture.height * width * 3);
  for (let y = 0, out = 0; y < picture.height; y++) {
    const row = y * picture.width * 3;
    for (let x = 0; x < width; x++, out += 3) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      const end = x * stride + counts[x]!;
      for (let k = x * stride, from = row + starts[x]! * 3; k < end; k++, from += 3) {
        const weight = values[k]!;
        red = (red + imul(weight, source[from]!)) | 0;
        green = (green + imul(weight, source[from + 1]!)) | 0;
        blue = (blue + imul(weight, source[from + 2]!)) | 0;
      }
      pixels[out] = red >> FRACTION_BITS;
      pixels[out + 1] = green >> FRACTION_BITS;
      pixels[out + 2] = blue >> FRACTION_BITS;
    }
  }
  return { width, height: picture.height, pixels: new Uint8Array(pixels.buffer) };
}

function resizeColumns(picture: Picture, height: number, kernel: Kernel): Picture {
  const { starts, counts, values, stride } = weightsFor(picture.height, height, kernel);
  const source = picture.pixels;
  const rowLength = picture.width * 3;
  const sums = new Int32Array(rowLength);
  const pixels = new Uint8ClampedArray(height * rowLength);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let k = 0; k < counts[y]!; k++) {
      const weight = values[y * stride + k]!;
      const from = (starts[y]! + k) * rowLength;
      for (let x = 0; x < rowLength; x++) sums[x]! += imul(weight, source[from + x]!);
    }
    for (let x = 0; x < rowLength; x++) pixels[y * rowLength + x] = sums[x]! >> FRACTION_BITS;
  }
  return { width: picture.width, height, pixels: new Uint8Array(pixels.buffer) };
}

function bicubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}
