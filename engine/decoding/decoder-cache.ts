/** Keys and values of the tokens seen so far, wherever they lie. */
import type { Tensor } from '../runtime/tensor.ts';

export interface CacheSizes {
  layers: number;
  keyValueHeads: number;
  headDim: number;
}

/** Positions by which a large capacity grows: enough to copy rarely, few enough not to read much padding. */
export const BUCKET = 256;

export interface DecoderCache {
  readonly rows: number;
  length(row: number): number;
  truncate(row: number, length: number): void;
  /**
   * One pass of the decoder over one row or all of them, whose keys and values are kept.
   * @param tokens new ones a row
   * @param feeds all inputs that don't depend on the cache
   */
  forward(
    target: number | 'all',
    tokens: number,
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
  ): Promise<Record<string, Tensor>>;
  /** A cache of copies of the given rows. */
  select(rows: readonly number[]): DecoderCache;
  dispose(): Promise<void>;
}

export const targetRows = ({ rows }: DecoderCache, target: number | 'all'): number[] =>
  target === 'all' ? Array.from({ length: rows }, (_, row) => row) : [target];
