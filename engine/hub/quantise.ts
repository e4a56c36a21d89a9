/**
 * Weights [out, in] to small whole numbers, in the forms of onnx/quantised-linear.ts. Every step is rounded to float32, as
 * the kernels of rounding-kernels.ts compute it, to whole numbers the even one of two that are as near.
 */
import { INT4_BLOCK } from '../models/quantisation.ts';

/** 1.5 * 2^23: a small float32 added to it is rounded to a whole number. */
const ROUNDING = 12_582_912;
/** Smaller scales can't be divided by. */
const LEAST_SCALE = 2 ** -126;

export interface Quantised {
  numbers: Uint8Array;
  scales: Float32Array;
  /** Sum of the squared differences, and of the squared weights. */
  error: { squares: number; total: number };
}

/** Some rows of a matrix: rows are independent, so a large one may come in parts. */
export function toInt4(weights: Float32Array, inWidth: number): Quantised {
  const rows = weights.length / inWidth;
  const blocks = Math.ceil(inWidth / INT4_BLOCK);
  const numbers = new Uint8Array(rows * blocks * (INT4_BLOCK / 2)).fill(0x88);
  const scales = new Float32Array(rows * blocks);
  let squares = 0;
  let total = 0;
  for (let block = 0; block < rows * blocks; block++) {
    const first = (block % blocks) * INT4_BLOCK;
    const begin = Math.floor(block / blocks) * inWidth + first;
    const length = Math.min(INT4_BLOCK, inWidth - first);
    const scale = int4Scale(weights, begin, length);
    scales[block] = scale;
    if (scale === 0) continue;
    const inverse = Math.fround(1 / scale);
    let at = block * (INT4_BLOCK / 2);
    for (let i = begin; i < begin + length; i += 2) {
      const low = weights[i]!;
      const high = i + 1 < begin + length ? weights[i + 1]! : 0;
      const lower = Math.min(15, nearest(low, inverse, 8));
      const upper = Math.min(15, nearest(high, inverse, 8));
      numbers[at++] = lower | (upper << 4);
      const lowError = (lower - 8) * scale - low;
      const highError = (upper - 8) * scale - high;
      squares += lowError * lowError + highError * highError;
      total += low * low + high * high;
    }
  }
  return { numbers, scales, error: { squares, total } };
}

/** The value of largest magnitude becomes -8, the end of the longer side. */
function int4Scale(weights: Float32Array, begin: number, length: number): number {
  let lowest = 0;
  let highest = 0;
  for (let i = begin; i < begin + length; i++) {
    const weight = weights[i]!;
    if (weight < lowest) lowest = weight;
    else if (weight > highest) highest = weight;
  }
  return divisor(Math.fround((highest > -lowest ? highest : lowest) / -8));
}

const divisor = (scale: number): number => (Math.abs(scale) < LEAST_SCALE ? 0 : scale);

/** The whole number nearest to the product, plus `middle`. */
const nearest = (weight: number, inverse: number, middle: number): number =>
  Math.fround(Math.fround(weight * inverse) + (ROUNDING + middle)) - ROUNDING;

/** The whole matrix, transposed to [in, out]; each output has its own scale. @param levels largest number of a weight */
export function toInt8(weights: Float32Array, inWidth: number, levels = 127): Quantised {
  const rows = weights.length / inWidth;
  const numbers = new Int8Array(weights.length);
  const scales = new Float32Array(rows);
  let squares = 0;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const begin = row * inWidth;
    const scale = int8Scale(largestOf(weights, begin, inWidth), levels);
    scales[row] = scale;
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    for (let i = 0; i < inWidth; i++) {
      const weight = weights[begin + i]!;
      const number = nearest(weight, inverse, 0);
      numbers[i * rows + row] = number;
      const difference = number * scale - weight;
      squares += difference * difference;
      total += weight * weight;
    }
  }
  return { numbers: new Uint8Array(numbers.buffer), scales, error: { squares, total } };
}

export const int8Scale = (largest: number, levels: number): number => divisor(Math.fround(largest / levels));

function largestOf(weights: Float32Array, begin: number, length: number): number {
  let largest = 0;
  for (let i = begin; i < begin + length; i++) largest = Math.max(largest, Math.abs(weights[i]!));
  return largest;
}
