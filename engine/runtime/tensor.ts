/** Plain host tensors: what goes into and comes out of a session. */
import { TuskError } from '../errors.ts';

export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

const TYPE_NAMES = {
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

export type TensorType = keyof typeof TYPE_NAMES;

/** Row-major. `data.length` equals the product of `shape`. `bool` is one byte an element. */
export interface Tensor<D extends TensorData = TensorData> {
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly data: D;
}

export type FloatTensor = Tensor<Float32Array>;

export const elementCount = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

export function floatTensor(data: Float32Array | readonly number[], shape: readonly number[]): FloatTensor {
  const array = data instanceof Float32Array ? data : Float32Array.from(data);
  if (array.length !== elementCount(shape)) {
    throw new RangeError(
      `A tensor of shape [${shape}] needs ${elementCount(shape)} values, got ${array.length}.`,
    );
  }
  return { type: 'float32', shape, data: array };
}

/** int64 from JavaScript numbers (exact up to 2^53). */
export function intTensor(data: ArrayLike<number>, shape: readonly number[]): Tensor<BigInt64Array> {
  return { type: 'int64', shape, data: BigInt64Array.from(Array.from(data), BigInt) };
}

/** @throws TuskError `non-finite` saying which computation (`what`) broke: a black picture is never shown. */
export function assertFinite(data: Float32Array, what: string): void {
  if (isFiniteSum(data)) return;
  const value = data.find((x) => !Number.isFinite(x));
  throw new TuskError('non-finite', `${what} gave a value that is not a number (${value}).`, {
    hint: 'The checkpoint is damaged or unsuitable: check it with `tusk verify` and `tusk info`.',
  });
}

/** x - x is 0 for every number, and NaN for an infinity or NaN: one addition a value, no branch. */
function isFiniteSum(data: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]! - data[i]!;
  return sum === 0;
}
