/** What a tensor becomes when a checkpoint is compiled. */
import { INT4_BLOCK, precisionOf } from './quantisation.ts';

export interface TensorForm {
  name: string;
  dtype: string;
  shape: readonly number[];
  /** Bytes. */
  length: number;
}

/** A tensor of a compiled checkpoint whose weights are small whole numbers; how many bits they have. */
export const SMALL_NUMBERS = /\.int([48])$/;

export const isCompiled = (tensors: Iterable<Pick<TensorForm, 'name'>>): boolean =>
  [...tensors].some(({ name }) => SMALL_NUMBERS.test(name));

/** Numbers and their scales, or the tensor as it is. */
export function compiledForm({ name, dtype, shape, length }: TensorForm): TensorForm[] {
  const precision = precisionOf(name);
  const [rows = 0, inWidth = 0] = shape;
  if (precision === 'int4') {
    const blocks = Math.ceil(inWidth / INT4_BLOCK);
    const numbers = [rows, blocks, INT4_BLOCK / 2];
    return [
      { name: `${name}.int4`, dtype: 'U8', shape: numbers, length: rows * blocks * (INT4_BLOCK / 2) },
      { name: `${name}.int4_scale`, dtype: 'F32', shape: [rows * blocks], length: rows * blocks * 4 },
    ];
  }
  return precision === 'int8' ? int8Form(name, shape) : [{ name, dtype, shape, length }];
}

/** The same where a network rounds it on loading: 8 bits, whatever a compiled copy has. */
export const roundedForm = (tensor: TensorForm): TensorForm[] =>
  precisionOf(tensor.name) ? int8Form(tensor.name, tensor.shape) : [tensor];

const int8Form = (name: string, [rows = 0, inWidth = 0]: readonly number[]): TensorForm[] => [
  { name: `${name}.int8`, dtype: 'I8', shape: [inWidth, rows], length: rows * inWidth },
  { name: `${name}.int8_scale`, dtype: 'F32', shape: [rows], length: rows * 4 },
];
