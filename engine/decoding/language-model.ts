/**
 * The language model over its sessions: pictures in, tokens in, hidden states and scores out, with a
 * key/value cache per conversation. It knows no sampling and no stop rule: those are the loop's.
 *
 *   const pictures = await model.embedPictures(pixelValues, grids);
 *   const run = model.start();
 *   const [conditional, unconditional] = await run.prefill([
 *     { ids, pictures },
 *     { ids, attentionMask, pictures },
 *   ], { logits: 1, heads: 'generation' });
 *   const [next] = await run.step([[id], [id]], { logits: 1, heads: 'generation', hidden: [-2] });
 *   run.dispose();
 */
import { TuskError } from '../errors.ts';
import type { LazySession } from '../runtime/lazy-session.ts';
import type { Session } from '../runtime/session.ts';
import type { FloatTensor } from '../runtime/tensor.ts';
import type { DecoderCache } from './decoder-cache.ts';
import { DeviceCaches } from './device-cache.ts';
import { KeyValueCache } from './kv-cache.ts';
import { LanguageModelRun } from './language-model-run.ts';
import { type Grid, type PictureTokens, Rotation } from './positions.ts';
import { encodePictures, type PictureFeatures, type VisionShape } from './vision.ts';

export type { ForwardOptions, RowInput, RowOutput } from './language-model-run.ts';
export type { Grid } from './positions.ts';
export type { PictureFeatures } from './vision.ts';
export { LanguageModelRun };

/** What driving the decoder takes to know; `load-language-model.ts` makes it from config.json. */
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
  /** Deepstack features the decoder takes. */
  deepstackCount: number;
  vision: VisionShape;
}

/** Graph `text-decoder`, its cache on the host or in a device's memory. */
export type Decoder = Session | DeviceCaches;

export class LanguageModel {
  readonly rotation: Rotation;
  /** What makes a token a picture's. */
  readonly pictureTokens: PictureTokens;

  constructor(
    readonly shape: LanguageModelShape,
    private readonly decoder: Decoder,
    /** Graph `vision-encoder`, needed for pictures alone. */
    private readonly vision: LazySession,
  ) {
    this.rotation = new Rotation(shape.headDim, shape.ropeTheta, shape.mropeSection);
    const { imageTokenId, visionStartTokenId, vision: visionShape } = shape;
    this.pictureTokens = { imageTokenId, visionStartTokenId, mergeSize: visionShape.mergeSize };
  }

  /**
   * @param pixelValues [patches of all pictures, 3 * frames * patch²], rows ordered by merged block
   * @param grids one per picture
   */
  async embedPictures(pixelValues: FloatTensor, grids: readonly Grid[]): Promise<PictureFeatures> {
    const patches = grids.reduce((n, [frames, rows, columns]) => n + frames * rows * columns, 0);
    if (patches !== pixelValues.shape[0]) {
      throw new TuskError(
        'bad-request',
        `The picture grids have ${patches} patches, ${pixelValues.shape[0]} came.`,
      );
    }
    return encodePictures(await this.vision.get(), this.shape.vision, pixelValues, grids);
  }

  /** Until pictures are embedded again. */
  freeVision(): Promise<void> {
    return this.vision.free();
  }

  /** An empty run; its rows come with the first `prefill`. */
  start(): LanguageModelRun {
    return new LanguageModelRun(this);
  }

  /** An empty cache, for runs: where the decoder computes. */
  cache(rows: number): DecoderCache {
    return this.decoder instanceof DeviceCaches
      ? this.decoder.create(this.shape, rows)
      : new KeyValueCache(this.shape, rows, this.decoder);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.decoder.dispose(), this.vision.free()]);
  }
}
