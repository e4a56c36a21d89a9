/**
 * The language model over its two sessions: pictures in, tokens in, hidden states and scores out, with a
 * key/value cache per conversation. It knows no sampling and no stop rule: those are the loop's.
 *
 *   const features = await model.embedPictures(pixelValues, grids);
 *   const run = model.start();
 *   const [conditional, unconditional] = await run.prefill([
 *     { ids, pictures: features },
 *     { ids, attentionMask, pictures: features },
 *   ], { logits: 1, heads: 'generation' });
 *   const [next] = await run.step([[id], [id]], { logits: 1, heads: 'generation', hidden: [-2] });
 *   run.dispose();
 */
import { TuskError } from '../errors.ts';
import type { Session } from '../runtime/session.ts';
import type { FloatTensor } from '../runtime/tensor.ts';

/** Sizes and ids the decoder's caller side needs; `models/text-decoder/config.ts` makes one from config.json. */
export interface LanguageModelShape {
  layers: number;
  /** Width of a hidden state. */
  width: number;
  keyValueHeads: number;
  headDim: number;
  ropeTheta: number;
  /** Frequencies of the [time, row, column] axes, in halves of a head. */
  mropeSection: readonly number[];
  textVocabulary: number;
  /** 0 without a generation vocabulary. */
  generationVocabulary: number;
  /** Ids from here on use the generation experts (and table and head, where there is a vocabulary). */
  generationStart: number;
  imageTokenId: number;
  visionStartTokenId: number;
  /** Deepstack features that one picture has. */
  deepstackCount: number;
  vision: VisionShape;
}

export interface VisionShape {
  headDim: number;
  mergeSize: number;
  /** Position embeddings form a square of this side. */
  positionSide: number;
}

/** [frames, rows, columns] in patches; a picture has one frame. */
export type Grid = readonly [frames: number, rows: number, columns: number];

/** Pictures as the decoder takes them, in the order of their places in the prompt. */
export interface PictureFeatures {
  grids: readonly Grid[];
  /** [merged patches of all pictures, width] */
  embeds: FloatTensor;
  /** Feature i, shaped like `embeds`, is added after layer i. */
  deepstack: readonly FloatTensor[];
}

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
  heads?: 'both' | 'text' | 'generation';
  /**
   * Hidden states wanted: 0 = embeddings, i + 1 = output of layer i (before the final norm), negative = from the
   * end, or all of them. Default none.
   */
  hidden?: readonly number[] | 'all';
  /** Looked at between chunks of a long prompt. */
  signal?: AbortSignal;
}

export interface RowOutput {
  /** [positions, scores]; a view that stays valid. */
  logits: FloatTensor;
  /** In the order asked for, each [tokens of this call that are attended, width]. */
  hidden: FloatTensor[];
}

export class LanguageModel {
  constructor(
    readonly shape: LanguageModelShape,
    /** Graph `text-decoder`. */
    private readonly decoder: Session,
    /** Graph `vision-encoder`. */
    private readonly vision: Session,
  ) {}

  /**
   * @param pixelValues [patches of all pictures, 3 * frames * patch²], rows ordered by merged block
   * @param grids one per picture
   */
  async embedPictures(_pixelValues: FloatTensor, _grids: readonly Grid[]): Promise<PictureFeatures> {
    throw new TuskError('internal', `${this.vision.name} and ${this.decoder.name} are not connected yet.`);
  }

  /** An empty run; its rows come with the first `prefill`. */
  start(): LanguageModelRun {
    return new LanguageModelRun(this);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.decoder.dispose(), this.vision.dispose()]);
  }
}

/** One conversation, or a batch of rows that step together. Owns its cache. */
export class LanguageModelRun {
  constructor(private readonly model: LanguageModel) {}

  /** Rows in this run: as many as the first `prefill` had. */
  get rows(): number {
    throw this.unfinished();
  }

  /** The attended ids of a row that are in the cache. */
  ids(_row: number): readonly number[] {
    throw this.unfinished();
  }

  /** The position (on all three axes) the next token of a row gets. */
  nextPosition(_row: number): number {
    throw this.unfinished();
  }

  /**
   * Appends each row's ids to its cache. Rows may differ in length and run one after the other, in chunks. May be
   * called again to continue (the next turn of a chat). An empty `ids` leaves a row as it is.
   */
  async prefill(_rows: readonly RowInput[], _options: ForwardOptions = {}): Promise<RowOutput[]> {
    throw this.unfinished();
  }

  /**
   * Appends the same number of tokens (usually one) to every row, as one batch.
   * @param tokens one list a row
   */
  async step(_tokens: readonly (readonly number[])[], _options: ForwardOptions = {}): Promise<RowOutput[]> {
    throw this.unfinished();
  }

  /** Forgets all but the first `length` cached ids of a row, so that a chat can go on from a shared prefix. */
  truncate(_row: number, _length: number): void {
    throw this.unfinished();
  }

  /** A new run whose rows are copies of the given ones ([0, 0, 1, 1] = two samples of each); default all. */
  fork(_rows?: readonly number[]): LanguageModelRun {
    throw this.unfinished();
  }

  /** Frees the cache; use after this throws. */
  dispose(): void {
    throw this.unfinished();
  }

  private unfinished(): TuskError {
    return new TuskError('internal', `The run over ${this.model.shape.layers} layers is not written yet.`);
  }
}
