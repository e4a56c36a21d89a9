/** Picture grids of a case. */
import type { Grid } from '../decoding/positions.ts';
import type { ParityCase } from './case.ts';

/** @param name of an int tensor [pictures, 3] */
export async function readGrids(parityCase: ParityCase, name: string): Promise<Grid[]> {
  const numbers = await parityCase.numbers(name);
  return Array.from({ length: numbers.length / 3 }, (_, i) => {
    const [frames, rows, columns] = numbers.slice(3 * i);
    return [frames!, rows!, columns!];
  });
}
