/**
 * What a part needs beside its weights while it runs: cache and activations, by what is asked of it. Formulas of the
 * graphs, their factors measured on slices of the published widths.
 */
import type { CheckpointConfig } from '../checkpoint/config.ts';
import { transformerSizes } from '../models/diffusion-transformer/config.ts';
import type { AttentionForm } from '../models/quantisation.ts';
import { textDecoderConfig } from '../models/text-decoder/config.ts';
import { visionEncoderConfig } from '../models/vision-encoder/config.ts';
import type { PartName } from '../placing.ts';

export interface Workload {
  /** Pixels of the picture to make. */
  width: number;
  height: number;
  /** Visual tokens of the plan, ends of lines included. */
  planTokens: number;
  /** Text, pictures to look at included. */
  promptTokens: number;
  images: number;
  /** Pictures to change. */
  references: number;
}

interface Asked extends Pick<Workload, 'promptTokens' | 'images' | 'references'> {
  size: { width: number; height: number };
  grid: { rows: number; columns: number };
}

/** What the template adds to a prompt, about. */
const TEMPLATE_TOKENS = 64;

/** @param promptTokens at most; characters will do. */
export const workload = ({ size, grid, promptTokens, ...rest }: Asked): Workload => ({
  ...{ width: size.width, height: size.height, ...rest },
  planTokens: grid.rows * (grid.columns + 1),
  promptTokens: promptTokens + TEMPLATE_TOKENS,
});

/** Tokens of a picture that is looked at, at most about. */
export const PICTURE_TOKENS = 1_024;

const FLOAT32_BYTES = 4;
/** Positions by which the cache grows. */
const BUCKET = 256;
/** Tokens the decoder reads at once. */
const CHUNK = 512;
/** Two rows: what is asked for, and what guidance leads away from. */
const GUIDED_ROWS = 2;
/** Maps of the VAE's two largest resolutions that are alive at once. */
const LIVE_MAPS = 8;
/** Score matrices of one attention that are alive at once, where it makes any: decoder, tokenizer. */
const LIVE_SCORES = 2;
const TOKENIZER_SCORES = 1.25;
/** Rows of a block's width and of its inner width that are alive at once. */
const LIVE_ROWS = 10;
const LIVE_INNER_ROWS = 4;

type Working = (config: CheckpointConfig, work: Workload) => number;

const decoder: Working = (config, { planTokens, promptTokens, images }) => {
  const { layers, keyValueHeads, headDim, heads, width, ffnWidth } = textDecoderConfig(config);
  const tokens = Math.ceil((promptTokens + planTokens) / BUCKET) * BUCKET;
  const rows = GUIDED_ROWS * images;
  const cache = 2 * layers * keyValueHeads * headDim * tokens * rows;
  const chunk = Math.min(CHUNK, promptTokens + planTokens);
  const reading = chunk * (LIVE_SCORES * heads * tokens + LIVE_INNER_ROWS * ffnWidth + LIVE_ROWS * width);
  return FLOAT32_BYTES * (cache + reading);
};

const transformer: Working = (config, work) => {
  const sizes = transformerSizes(config);
  const rows = LIVE_ROWS * sizes.width + LIVE_INNER_ROWS * sizes.feedForward;
  return FLOAT32_BYTES * transformerTokens(config, work) * rows;
};

function transformerTokens(config: CheckpointConfig, { width, height, references }: Workload): number {
  const side = 2 ** (config.gen_vae_config.block_out_channels.length - 1) * transformerSizes(config).patch;
  const picture = Math.ceil(width / side) * Math.ceil(height / side);
  const context = 2 * config.gen_image_condition_refiner_config.num_queries;
  return picture * (1 + references) + context;
}

const vae: Working = (config, { width, height }) => width * height * bytesOfPixel(config);

const vision: Working = (config, { width, height }) => {
  const sizes = visionEncoderConfig(config);
  const patches = Math.ceil(width / sizes.patchSize) * Math.ceil(height / sizes.patchSize);
  return FLOAT32_BYTES * patches * (LIVE_ROWS * sizes.width + LIVE_INNER_ROWS * sizes.ffnWidth);
};

/** Its attention has a bias, and so a whole matrix of scores. */
const tokenizer: Working = ({ gen_tokenizer_config: sizes }, { width, height }) => {
  const patches = Math.ceil(width / sizes.patch_size) * Math.ceil(height / sizes.patch_size);
  return FLOAT32_BYTES * TOKENIZER_SCORES * sizes.num_heads * patches * patches;
};

const WORKING: Record<PartName, Working> = {
  languageModel: decoder,
  visionEncoder: vision,
  visualTokenizer: tokenizer,
  diffusion: transformer,
  vaeEncoder: vae,
  vaeDecoder: vae,
};

/** Scores of every row against every other, where attention is written out. */
const SCORES: Partial<Record<PartName, Working>> = {
  diffusion: (config, work) => scores(transformerSizes(config).heads, transformerTokens(config, work)),
  vaeEncoder: (config, work) => scores(1, latentPixels(config, work)),
  vaeDecoder: (config, work) => scores(1, latentPixels(config, work)),
};

const scores = (heads: number, rows: number): number => FLOAT32_BYTES * LIVE_SCORES * heads * rows * rows;

function latentPixels(
  { gen_vae_config: { block_out_channels } }: CheckpointConfig,
  { width, height }: Workload,
) {
  const pixels = 2 ** (block_out_channels.length - 1);
  return Math.ceil(width / pixels) * Math.ceil(height / pixels);
}

/** Bytes. */
export const workingBytes = (
  part: PartName,
  config: CheckpointConfig,
  work: Workload,
  attention: AttentionForm = 'fused',
): number => WORKING[part](config, work) + (attention === 'plain' ? (SCORES[part]?.(config, work) ?? 0) : 0);

/** What each pixel of a picture costs where it costs most, in the VAE. */
export const bytesOfPixel = ({
  gen_vae_config: { block_out_channels: channels },
}: CheckpointConfig): number => Math.max(...channels.slice(0, 2)) * LIVE_MAPS * FLOAT32_BYTES;
