/** What a run may take up, as a person says it: `12GB`, `900 MB`. */
import { TuskError } from '../errors.ts';
import type { Machine } from './plan.ts';

const UNITS = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 } as const;
const AMOUNT = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?\s*$/i;

/** Bytes. @throws TuskError `bad-setting` */
export function parseBytes(text: string): number {
  const [, number, unit = ''] = AMOUNT.exec(text) ?? [];
  if (number !== undefined)
    return Math.round(Number(number) * UNITS[unit.toUpperCase() as keyof typeof UNITS]);
  throw new TuskError('bad-setting', `"${text}" is no amount of memory.`, { hint: 'Write it like 12GB.' });
}

/**
 * @param memory of the computer; absent = what is free when a model is opened
 * @param gpuMemory absent = no part is put on a GPU
 * @throws TuskError `bad-setting`
 */
export const parseMachine = (
  memory: string | undefined,
  gpuMemory: string | undefined,
): Partial<Machine> => ({
  ...(memory && { freeBytes: parseBytes(memory) }),
  ...(gpuMemory && { gpuBytes: parseBytes(gpuMemory) }),
});
