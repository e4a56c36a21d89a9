/** Each tensor of a checkpoint and what becomes of it when it is compiled. */
import type { TensorEntry } from '../checkpoint/safetensors.ts';
import { INT4_BLOCK, precisionOf } from '../models/quantisation.ts';

interface Part {
  name: string;
  dtype: string;
  shape: readonly number[];
  length: number;
}

/** One tensor of the source and what becomes of it, in file order. */
export interface Job {
  entry: TensorEntry;
  parts: Part[];
  /** Where its bytes begin in the compiled file's data. */
  begin: number;
}

export function planJobs(entries: readonly TensorEntry[]): Job[] {
  let begin = 0;
  return entries.map((entry) => {
    const job = { entry, parts: partsOf(entry), begin };
    begin += bytesOf(job);
    return job;
  });
}

export const bytesOf = ({ parts }: Pick<Job, 'parts'>): number =>
  parts.reduce((sum, { length }) => sum + length, 0);

function partsOf({ name, dtype, shape, length }: TensorEntry): Part[] {
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
  if (precision === 'int8')
    return [
      { name: `${name}.int8`, dtype: 'I8', shape: [inWidth, rows], length: rows * inWidth },
      { name: `${name}.int8_scale`, dtype: 'F32', shape: [rows], length: rows * 4 },
    ];
  return [{ name, dtype, shape, length }];
}
