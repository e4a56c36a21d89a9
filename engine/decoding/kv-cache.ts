/**
 * The cache on the host: for each layer [rows, heads, capacity, headDim]. The decoder reads it in place, so it is
 * allocated ahead, and between two growths only a new token's part is copied.
 */
import { floatOutput, type Session } from '../runtime/session.ts';
import { type FloatTensor, floatTensor, type Tensor } from '../runtime/tensor.ts';
import { BUCKET, type CacheSizes, type DecoderCache, targetRows } from './decoder-cache.ts';
import { visibility } from './decoder-inputs.ts';

/** The decoder computes scores for padding, too: at most an eighth of a longer cache, and this much of a short one. */
const LEAST_GROWTH = 32;

/** A power of two from `LEAST_GROWTH` to `BUCKET`. */
function capacityFor(length: number): number {
  const growth = Math.min(BUCKET, Math.max(LEAST_GROWTH, 2 ** Math.floor(Math.log2(length / 8))));
  return Math.ceil(length / growth) * growth;
}

export class KeyValueCache implements DecoderCache {
  private capacity = 0;
  /** Layer -> [keys, values] */
  private storage: [Float32Array, Float32Array][];
  private readonly lengths: number[];

  constructor(
    private readonly sizes: CacheSizes,
    readonly rows: number,
    /** Graph `text-decoder`. */
    private readonly decoder: Session,
  ) {
    this.storage = Array.from({ length: sizes.layers }, () => [new Float32Array(0), new Float32Array(0)]);
    this.lengths = new Array<number>(rows).fill(0);
  }

  length(row: number): number {
    return this.lengths[row]!;
  }

  truncate(row: number, length: number): void {
    this.lengths[row] = Math.min(length, this.lengths[row]!);
  }

  async forward(
    target: number | 'all',
    tokens: number,
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
  ): Promise<Record<string, Tensor>> {
    const cache = this.inputs(target);
    const cached = targetRows(this, target).map((row) => this.lengths[row]!);
    const outputs = await this.decoder.run(
      { ...feeds, ...cache.feeds, attention_bias: visibility(cached, tokens, cache.past) },
      ['new_keys', 'new_values', ...fetches],
    );
    const [keys, values] = ['new_keys', 'new_values'].map((name) => floatOutput(outputs, name).data);
    this.append(target, tokens, keys!, values!);
    return outputs;
  }

  /** Nothing is held outside JavaScript. */
  async dispose(): Promise<void> {}

  /**
   * The cache as the decoder's inputs, for one row or for all. A row without tokens has past length 0, and no
   * padding.
   */
  private inputs(row: number | 'all'): { past: number; feeds: Record<string, FloatTensor> } {
    const { keyValueHeads, headDim } = this.sizes;
    const empty = row === 'all' ? this.lengths.every((n) => n === 0) : this.lengths[row] === 0;
    const past = empty ? 0 : this.capacity;
    const size = keyValueHeads * past * headDim;
    const [begin, rows] = row === 'all' ? [0, this.rows] : [row * size, 1];
    const shape = [rows, keyValueHeads, past, headDim];
    const view = (data: Float32Array) => floatTensor(data.subarray(begin, begin + rows * size), shape);
    const feeds: Record<string, FloatTensor> = {};
    for (const [layer, [keys, values]] of this.storage.entries()) {
      feeds[`past_key.${layer}`] = view(keys);
      feeds[`past_value.${layer}`] = view(values);
    }
    return { past, feeds };
  }

  /** @param keys [layers * rows, heads, tokens, headDim], as the decoder gives them; `values` likewise. */
  private append(target: number | 'all', tokens: number, keys: Float32Array, values: Float32Array): void {
    const rows = targetRows(this, target);
    this.reserve(Math.max(...rows.map((r) => this.lengths[r]!)) + tokens);
    for (const [layer, [layerKeys, layerValues]] of this.storage.entries()) {
      for (const [index, r] of rows.entries()) {
        this.copyRow(layerKeys, r, keys, layer * rows.length + index, tokens);
        this.copyRow(layerValues, r, values, layer * rows.length + index, tokens);
      }
    }
    for (const r of rows) this.lengths[r]! += tokens;
  }

  select(rows: readonly number[]): KeyValueCache {
    const copy = new KeyValueCache(this.sizes, rows.length, this.decoder);
    const rowSize = this.sizes.keyValueHeads * this.capacity * this.sizes.headDim;
    copy.capacity = this.capacity;
    copy.storage = this.storage.map(([keys, values]) => {
      const select = (source: Float32Array) => {
        const target = new Float32Array(rows.length * rowSize);
        rows.forEach((row, i) => {
          target.set(source.subarray(row * rowSize, (row + 1) * rowSize), i * rowSize);
        });
        return target;
      };
      return [select(keys), select(values)];
    });
    rows.forEach((row, i) => {
      copy.lengths[i] = this.lengths[row]!;
    });
    return copy;
  }

  private copyRow(
    target: Float32Array,
    row: number,
    source: Float32Array,
    block: number,
    tokens: number,
  ): void {
    const { keyValueHeads, headDim } = this.sizes;
    const count = tokens * headDim;
    for (let head = 0; head < keyValueHeads; head++) {
      const from = (block * keyValueHeads + head) * count;
      const to = ((row * keyValueHeads + head) * this.capacity + this.lengths[row]!) * headDim;
      if (tokens > 1) target.set(source.subarray(from, from + count), to);
      else for (let i = 0; i < count; i++) target[to + i] = source[from + i]!;
    }
  }

  private reserve(length: number): void {
    if (length <= this.capacity) return;
    const { keyValueHeads, headDim } = this.sizes;
    const capacity = capacityFor(length);
    const heads = this.rows * keyValueHeads;
    const [before, after] = [this.capacity * headDim, capacity * headDim];
    const grow = (source: Float32Array) => {
      const target = new Float32Array(heads * after);
      for (let h = 0; h < heads; h++) target.set(source.subarray(h * before, (h + 1) * before), h * after);
      return target;
    };
    this.storage = this.storage.map(([keys, values]) => [grow(keys), grow(values)]);
    this.capacity = capacity;
  }
}
