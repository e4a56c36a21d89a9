/** Rows [n, width] on the host: joining, and one slice of a stack. */
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';

/** Parts of one width, one below the other; parts may be empty. */
export function joinRows(parts: readonly FloatTensor[], width: number): FloatTensor {
  const data = new Float32Array(parts.reduce((length, part) => length + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return floatTensor(data, [data.length / width, width]);
}

/** Element `index` of the first axis, without a copy. */
export function sliceOf(stack: FloatTensor, index: number): FloatTensor {
  const shape = stack.shape.slice(1);
  const size = shape.reduce((product, d) => product * d, 1);
  return floatTensor(stack.data.subarray(index * size, (index + 1) * size), shape);
}
