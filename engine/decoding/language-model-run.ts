/** One conversation, or a batch of rows that step together. Owns its cache. */
import { TuskError, throwIfCancelled } from '../errors.ts';
import type { DecoderCache } from './decoder-cache.ts';
import { type BatchRow, geometry, type PictureRows, partition, pictureInputs } from './decoder-inputs.ts';
import {
  type Heads,
  headInputs,
  joinChunks,
  outputNames,
  type RowOutput,
  resolveWanted,
  rowOutputs,
  type Wanted,
} from './decoder-outputs.ts';
import type { LanguageModel } from './language-model.ts';
import { type Positions, rowPositions, textPositions } from './positions.ts';
import type { PictureFeatures } from './vision.ts';

export type { RowOutput } from './decoder-outputs.ts';

/** Tokens of a prompt that run at once: bounds the memory of attention scores and the wait before a cancel. */
const CHUNK_TOKENS = 512;

export interface RowInput {
  ids: ArrayLike<number>;
  /** 1 = attended, 0 = hidden; default all attended. Hidden ids are dropped, which equals masking them. */
  attentionMask?: ArrayLike<number>;
  /**
   * Pictures for the image placeholders among `ids`, hidden ones included. Without them placeholders keep their
   * plain embedding and plain positions (the condition pass).
   */
  pictures?: PictureFeatures;
}

export interface ForwardOptions {
  /** Scores for this many last positions of each row. Default 0: no head runs at all. */
  logits?: number;
  /** Which heads score: `both` gives [text, generation] side by side. Default 'both'. */
  heads?: Heads;
  /**
   * Hidden states wanted: 0 = embeddings, i + 1 = output of layer i (before the final norm), negative = from the
   * end, or all of them. Default none.
   */
  hidden?: readonly number[] | 'all';
  /** Looked at between chunks of a long prompt. */
  signal?: AbortSignal;
}

/** A row's new tokens, hidden ones dropped. */
interface Fresh {
  ids: number[];
  positions: Positions;
  pictures: PictureRows | undefined;
}

interface RowState {
  ids: number[];
  /** Position after cached token i. */
  next: number[];
}

export class LanguageModelRun {
  private cache: DecoderCache | undefined;
  private states: RowState[] = [];
  private disposed = false;

  constructor(private readonly model: LanguageModel) {}

  /** Rows in this run: as many as the first `prefill` had. */
  get rows(): number {
    return this.states.length;
  }

  /** The attended ids of a row that are in the cache. */
  ids(row: number): readonly number[] {
    return this.state(row).ids;
  }

  /** The position (on all three axes) the next token of a row gets. */
  nextPosition(row: number): number {
    return this.state(row).next.at(-1) ?? 0;
  }

  /**
   * Appends each row's ids to its cache. Rows may differ in length and run one after the other, in chunks. May be
   * called again to continue (the next turn of a chat). An empty `ids` leaves a row as it is.
   * @throws TuskError `bad-prompt` if picture places and pictures differ, or an id is unknown
   */
  async prefill(rows: readonly RowInput[], options: ForwardOptions = {}): Promise<RowOutput[]> {
    const cache = this.cacheFor(rows.length);
    const wanted = this.wanted(options);
    const outputs: RowOutput[] = [];
    for (const [row, input] of rows.entries()) {
      const fresh = this.read(row, input);
      const chunks: RowOutput[] = [];
      for (let begin = 0; begin < fresh.ids.length; begin += CHUNK_TOKENS) {
        throwIfCancelled(options.signal);
        const end = Math.min(begin + CHUNK_TOKENS, fresh.ids.length);
        chunks.push(await this.readChunk(cache, row, fresh, begin, end, wanted));
      }
      outputs.push(joinChunks(chunks, wanted, this.model.shape.width));
    }
    return outputs;
  }

  /**
   * Appends the same number of tokens (usually one) to every row, as one batch.
   * @param tokens one list a row
   */
  async step(tokens: readonly (readonly number[])[], options: ForwardOptions = {}): Promise<RowOutput[]> {
    const cache = this.cacheFor(tokens.length);
    const count = tokens[0]?.length ?? 0;
    if (count === 0 || tokens.some((ids) => ids.length !== count))
      throw new TuskError(
        'bad-request',
        'A step needs the same number of tokens, one at least, for each row.',
      );
    const batch = tokens.map((ids, row) => ({
      ids,
      positions: textPositions(count, this.nextPosition(row)),
      begin: 0,
      end: count,
    }));
    return this.pass(cache, 'all', batch, this.wanted(options), undefined);
  }

  /** Forgets all but the first `length` cached ids of a row, so that a chat can go on from a shared prefix. */
  truncate(row: number, length: number): void {
    const state = this.state(row);
    this.cache!.truncate(row, length);
    state.ids.length = Math.min(length, state.ids.length);
    state.next.length = state.ids.length;
  }

  /** A new run whose rows are copies of the given ones ([0, 0, 1, 1] = two samples of each); default all. */
  fork(rows: readonly number[] = Array.from(this.states.keys())): LanguageModelRun {
    const copy = new LanguageModelRun(this.model);
    copy.states = rows.map((row) => {
      const { ids, next } = this.state(row);
      return { ids: [...ids], next: [...next] };
    });
    copy.cache = this.cache?.select(rows);
    return copy;
  }

  /** Frees the cache; use after this throws. */
  dispose(): void {
    this.disposed = true;
    void this.cache?.dispose();
    this.cache = undefined;
    this.states = [];
  }

  private state(row: number): RowState {
    const state = this.states[row];
    if (!state || this.disposed)
      throw new TuskError('internal', `The run has no row ${row} or was disposed.`);
    return state;
  }

  /** The first call decides the number of rows. */
  private cacheFor(rows: number): DecoderCache {
    if (this.disposed) throw new TuskError('internal', 'The run was used after it was disposed.');
    if (!this.cache) {
      this.cache = this.model.cache(rows);
      this.states = Array.from({ length: rows }, () => ({ ids: [], next: [] }));
    }
    if (this.rows !== rows)
      throw new TuskError('bad-request', `The run has ${this.rows} rows, ${rows} were given.`);
    return this.cache;
  }

  private wanted(options: ForwardOptions): Wanted {
    const { layers, generationVocabulary } = this.model.shape;
    return resolveWanted(options, layers, generationVocabulary > 0);
  }

  /** Drops hidden ids: what they hold never reaches the attended ones. */
  private read(row: number, { ids, attentionMask, pictures }: RowInput): Fresh {
    const all = Array.from(ids);
    const kept = Array.from(all.keys()).filter((i) => !attentionMask || attentionMask[i] === 1);
    const attended = kept.map((i) => all[i]!);
    const hidden = kept.length < all.length;
    const positions = rowPositions(
      attended,
      pictures?.grids,
      this.model.pictureTokens,
      this.nextPosition(row),
      hidden,
    );
    return { ids: attended, positions, pictures: pictures && this.placePictures(all, kept, pictures) };
  }

  /** Which feature belongs to which attended token. */
  private placePictures(
    all: readonly number[],
    kept: readonly number[],
    pictures: PictureFeatures,
  ): PictureRows {
    const { imageTokenId, width, deepstackCount } = this.model.shape;
    const places = all.flatMap((id, i) => (id === imageTokenId ? [i] : []));
    if (places.length !== pictures.embeds.shape[0]) {
      throw new TuskError(
        'bad-prompt',
        `The prompt has ${places.length} picture tokens, the pictures have ${pictures.embeds.shape[0]}.`,
        { hint: 'Give each picture place its picture.' },
      );
    }
    const featureAt = new Map(places.map((place, feature) => [place, feature]));
    const rows = kept.flatMap((place, row) => (featureAt.has(place) ? [row] : []));
    const features = rows.map((row) => featureAt.get(kept[row]!)!);
    const pick = (source: Float32Array) => {
      const picked = new Float32Array(features.length * width);
      features.forEach((feature, i) => {
        picked.set(source.subarray(feature * width, (feature + 1) * width), i * width);
      });
      return picked;
    };
    const deepstack = pictures.deepstack.slice(0, deepstackCount).map(({ data }) => pick(data));
    return { rows, embeds: pick(pictures.embeds.data), deepstack };
  }

  private async readChunk(
    cache: DecoderCache,
    row: number,
    { ids, positions, pictures }: Fresh,
    begin: number,
    end: number,
    wanted: Wanted,
  ): Promise<RowOutput> {
    const scored = Math.max(0, Math.min(wanted.logits - (ids.length - end), end - begin));
    const batch = [{ ids, positions, begin, end }];
    const chunkPictures = pictures && chunkOf(pictures, begin, end, this.model.shape.width);
    const [output] = await this.pass(cache, row, batch, { ...wanted, logits: scored }, chunkPictures);
    return output!;
  }

  /** One pass of the decoder over one row or all of them; appends to the cache. */
  private async pass(
    cache: DecoderCache,
    target: number | 'all',
    batch: readonly BatchRow[],
    wanted: Wanted,
    pictures: PictureRows | undefined,
  ): Promise<RowOutput[]> {
    const { shape, rotation } = this.model;
    const tokens = batch[0]!.end - batch[0]!.begin;
    const ids = batch.flatMap((row) => row.ids.slice(row.begin, row.end));
    const outputs = await cache.forward(
      target,
      tokens,
      {
        ...partition(ids, shape),
        ...geometry(batch, rotation),
        ...pictureInputs(pictures, shape.width, shape.deepstackCount),
        ...headInputs(wanted, batch.length, tokens, shape.generationVocabulary > 0),
      },
      outputNames(wanted),
    );
    for (const [i, { positions, begin, end }] of batch.entries()) {
      const state = this.states[target === 'all' ? i : target]!;
      state.ids.push(...ids.slice(i * tokens, (i + 1) * tokens));
      state.next.push(...positions.next.subarray(begin, end));
    }
    return rowOutputs(outputs, wanted, batch.length);
  }
}

function chunkOf(pictures: PictureRows, begin: number, end: number, width: number): PictureRows {
  const first = pictures.rows.findIndex((row) => row >= begin);
  const inside = pictures.rows.filter((row) => row >= begin && row < end);
  const from = Math.max(first, 0) * width;
  const cut = (source: Float32Array) => source.subarray(from, from + inside.length * width);
  return {
    rows: inside.map((row) => row - begin),
    embeds: cut(pictures.embeds),
    deepstack: pictures.deepstack.map(cut),
  };
}
