/** Weights [out, in] to small whole numbers, in the forms of onnx/quantised-linear.ts. */
import { INT4_BLOCK } from '../models/quantisation.ts';

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
  const error = { squares: 0, total: 0 };
  for (let block = 0; block < rows * blocks; block++) {
    const row = Math.floor(block / blocks);
    const first = (block % blocks) * INT4_BLOCK;
    const begin = row * inWidth + first;
    const length = Math.min(INT4_BLOCK, inWidth - first);
    const scale = int4Scale(weights, begin, length);
    scales[block] = scale;
    for (let i = 0; i < length; i++) {
      const weight = weights[begin + i]!;
      const number = scale === 0 ? 8 : Math.max(0, Math.min(15, Math.round(weight / scale) + 8));
      const at = block * (INT4_BLOCK / 2) + (i >> 1);
      numbers[at] = i & 1 ? (numbers[at]! & 0x0f) | (number << 4) : (numbers[at]! & 0xf0) | number;
      error.squares += ((number - 8) * scale - weight) ** 2;
      error.total += weight ** 2;
    }
  }
  return { numbers, scales, error };
}

/** The value of largest magnitude becomes -8, the end of the longer side. */
function int4Scale(weights: Float32Array, begin: number, length: number): number {
  let extreme = 0;
  for (let i = begin; i < begin + length; i++) {
    if (Math.abs(weights[i]!) > Math.abs(extreme)) extreme = weights[i]!;
  }
  return Math.fround(extreme / -8);
}

/** The whole matrix, transposed to [in, out]; each output has its own scale. */
export function toInt8(weights: Float32Array, inWidth: number): Quantised {
  const rows = weights.length / inWidth;
  const numbers = new Int8Array(weights.length);
  const scales = new Float32Array(rows);
  const error = { squares: 0, total: 0 };
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let i = 0; i < inWidth; i++) largest = Math.max(largest, Math.abs(weights[row * inWidth + i]!));
    const scale = Math.fround(largest / 127);
    scales[row] = scale;
    for (let i = 0; i < inWidth; i++) {
      const weight = weights[row * inWidth + i]!;
      const number = scale === 0 ? 0 : Math.round(weight / scale);
      numbers[i * rows + row] = number;
      error.squares += (number * scale - weight) ** 2;
      error.total += weight ** 2;
    }
  }
  return { numbers: new Uint8Array(numbers.buffer), scales, error };
}
