/** A picture as visual tokens of a prompt: the official text of its codes, and putting its ids in place. */
import { TuskError } from '../errors.ts';
import { GENERATED_PLACEHOLDER, type Grid } from './picture-tokens.ts';
import type { Tokenizer } from './tokenizer.ts';

const END_OF_LINE = '<|endofline|>';

/** @param codes height * width, row by row. */
export function visualTokenText({ height, width }: Grid, codes: ArrayLike<number>): string {
  const rows = Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) => visualToken(codes[row * width + column]!)).join(''),
  );
  const body = rows.map((row) => row + END_OF_LINE).join('');
  return `<|image start|>${height}*${width}<|image token|>${body}<|endoffile|><|image end|>`;
}

const visualToken = (code: number): string => `<|visual token ${String(code).padStart(6, '0')}|>`;

/**
 * Puts the ids of all pictures, one after the other, in place of the placeholders.
 * @throws TuskError `internal` if there are more or fewer placeholders.
 */
export function fillPlaceholders(
  ids: readonly number[],
  pictures: readonly (readonly number[])[],
  tokenizer: Tokenizer,
): number[] {
  if (pictures.length === 0) return [...ids];
  const placeholder = tokenizer.specialId(GENERATED_PLACEHOLDER);
  const filling = pictures.flat();
  let used = 0;
  const filled = ids.map((id) => (id === placeholder ? (filling[used++] ?? id) : id));
  if (used === filling.length) return filled;
  throw new TuskError('internal', `The prompt has ${used} places for ${filling.length} visual tokens.`);
}
