/** One pass of the text decoder: a batch of rows with the same number of tokens each, as the graph's inputs. */
import { TuskError } from '../errors.ts';
import { floatTensor, intTensor, type Tensor } from '../runtime/tensor.ts';
import type { Positions, Rotation } from './positions.ts';

/** Low enough that the softmax gives exactly 0, finite so that no arithmetic on it breaks. */
const HIDDEN = -1e30;

export interface BatchRow {
  ids: readonly number[];
  positions: Positions;
  /** The part of `ids` and `positions` this pass runs. */
  begin: number;
  end: number;
}

/** Features for the picture tokens of a pass. */
export interface PictureRows {
  /** Rows 0..N-1 of the pass. */
  rows: readonly number[];
  /** [rows, width] each */
  embeds: Float32Array;
  deepstack: readonly Float32Array[];
}

export interface Vocabulary {
  textVocabulary: number;
  generationVocabulary: number;
  generationStart: number;
}

/** Which rows go to which table and expert, and the way back. @throws TuskError `bad-prompt` for an unknown id. */
export function partition(ids: readonly number[], vocabulary: Vocabulary): Record<string, Tensor> {
  const { textVocabulary, generationVocabulary, generationStart } = vocabulary;
  const [tableStart, tableSize] = generationVocabulary
    ? [generationStart, generationVocabulary]
    : [0, textVocabulary];
  const textIds: number[] = [];
  const generationIds: number[] = [];
  const textRows: number[] = [];
  const generationRows: number[] = [];
  for (const [row, id] of ids.entries()) {
    const isText = id < generationStart;
    const index = isText ? id : id - tableStart;
    if (!(index >= 0 && index < (isText ? textVocabulary : tableSize)))
      throw new TuskError('bad-prompt', `The token id ${id} is not in the model's vocabulary.`);
    (isText ? textIds : generationIds).push(index);
    (isText ? textRows : generationRows).push(row);
  }
  const order = new Int32Array(ids.length);
  textRows.forEach((row, i) => {
    order[row] = i;
  });
  generationRows.forEach((row, i) => {
    order[row] = textRows.length + i;
  });
  return {
    text_ids: indexTensor(textIds),
    generation_ids: indexTensor(generationIds),
    text_rows: indexTensor(textRows),
    generation_rows: indexTensor(generationRows),
    order: indexTensor(order),
  };
}

export function indexTensor(data: ArrayLike<number>): Tensor {
  return {
    type: 'int32',
    shape: [data.length],
    data: data instanceof Int32Array ? data : Int32Array.from(data),
  };
}

/** Rotations of a batch. */
export function geometry(rows: readonly BatchRow[], rotation: Rotation): Record<string, Tensor> {
  const tokens = rows[0]!.end - rows[0]!.begin;
  const count = rows.length * tokens;
  const cos = new Float32Array(count * rotation.half);
  const sin = new Float32Array(count * rotation.half);
  for (const [i, { positions, begin, end }] of rows.entries())
    rotation.write(positions, begin, end, cos, sin, i * tokens);
  const index = new BigInt64Array(count);
  for (let i = 0; i < count; i++) index[i] = BigInt(i);
  return {
    cos: floatTensor(cos, [count, rotation.half]),
    sin: floatTensor(sin, [count, rotation.half]),
    token_index: { type: 'int64', shape: [rows.length, tokens], data: index },
  };
}

/**
 * A token sees its row's cached tokens, the pass's tokens before it, and itself.
 * @param cached tokens of each row, padded to `padded` positions; the new ones come behind
 */
export function visibility(cached: readonly number[], tokens: number, padded: number): Tensor {
  const total = padded + tokens;
  return bias(cached.length, tokens, total, (row, token) => [
    [cached[row]!, padded],
    [padded + token + 1, total],
  ]);
}

/** The same where the new tokens are put right behind the row's cached ones. */
export const visibilityInPlace = (cached: readonly number[], tokens: number, capacity: number): Tensor =>
  bias(cached.length, tokens, capacity, (row, token) => [[cached[row]! + token + 1, capacity]]);

function bias(
  rows: number,
  tokens: number,
  total: number,
  hidden: (row: number, token: number) => readonly (readonly [from: number, to: number])[],
): Tensor {
  const values = new Float32Array(rows * tokens * total);
  for (let row = 0; row < rows; row++) {
    for (let token = 0; token < tokens; token++) {
      const start = (row * tokens + token) * total;
      for (const [from, to] of hidden(row, token)) values.fill(HIDDEN, start + from, start + to);
    }
  }
  return floatTensor(values, [rows, 1, 1, tokens, total]);
}

export function pictureInputs(
  pictures: PictureRows | undefined,
  width: number,
  count: number,
): Record<string, Tensor> {
  const rows = pictures?.rows ?? [];
  const shape = [rows.length, width];
  const feeds: Record<string, Tensor> = {
    picture_rows: intTensor(rows, [rows.length, 1]),
    picture_embeds: floatTensor(pictures?.embeds ?? [], shape),
  };
  for (let i = 0; i < count; i++) feeds[`deepstack.${i}`] = floatTensor(pictures?.deepstack[i] ?? [], shape);
  return feeds;
}
