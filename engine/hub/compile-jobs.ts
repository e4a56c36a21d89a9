/** Each tensor of a checkpoint and what becomes of it when it is compiled. */
import type { TensorEntry } from '../checkpoint/safetensors.ts';
import { compiledForm, type TensorForm } from '../models/compiled-form.ts';

/** One tensor of the source and what becomes of it, in file order. */
export interface Job {
  entry: TensorEntry;
  parts: TensorForm[];
  /** Where its bytes begin in the compiled file's data. */
  begin: number;
}

export function planJobs(entries: readonly TensorEntry[]): Job[] {
  let begin = 0;
  return entries.map((entry) => {
    const job = { entry, parts: compiledForm(entry), begin };
    begin += bytesOf(job);
    return job;
  });
}

export const bytesOf = ({ parts }: Pick<Job, 'parts'>): number =>
  parts.reduce((sum, { length }) => sum + length, 0);
