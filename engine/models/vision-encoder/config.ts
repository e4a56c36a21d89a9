/** The vision encoder's sizes. */
import type { CheckpointConfig } from '../../checkpoint/config.ts';
import { TuskError } from '../../errors.ts';

/** Activations the encoder's blocks may have: config name -> the Gelu operator's `approximate`. */
const ACTIVATIONS = { gelu_pytorch_tanh: 'tanh', gelu: 'none' } as const;

export interface VisionEncoderConfig {
  layers: number;
  width: number;
  ffnWidth: number;
  heads: number;
  headDim: number;
  patchSize: number;
  /** Frames that one patch spans (a picture is repeated). */
  frames: number;
  /** Side of the square of patches merged into one token. */
  mergeSize: number;
  /** Width of the text decoder. */
  outWidth: number;
  positionEmbeddings: number;
  /** Position embeddings form a square of this side. */
  positionSide: number;
  gelu: 'tanh' | 'none';
  /** Block -> the deepstack merger that follows it, in block order. */
  deepstack: ReadonlyMap<number, number>;
}

export function visionEncoderConfig(config: CheckpointConfig): VisionEncoderConfig {
  const vision = config.llm_config.vision_config;
  const headDim = vision.hidden_size / vision.num_heads;
  const gelu = ACTIVATIONS[vision.hidden_act as keyof typeof ACTIVATIONS];
  if (!gelu)
    throw unsupported(`vision hidden_act ${vision.hidden_act}`, Object.keys(ACTIVATIONS).join(' or '));
  return {
    layers: vision.depth,
    width: vision.hidden_size,
    ffnWidth: vision.intermediate_size,
    heads: vision.num_heads,
    headDim,
    patchSize: vision.patch_size,
    frames: vision.temporal_patch_size,
    mergeSize: vision.spatial_merge_size,
    outWidth: vision.out_hidden_size,
    positionEmbeddings: vision.num_position_embeddings,
    positionSide: Math.floor(Math.sqrt(vision.num_position_embeddings)),
    gelu,
    deepstack: deepstackMergers(vision.deepstack_visual_indexes, vision.depth),
  };
}

function deepstackMergers(indexes: readonly number[], layers: number): Map<number, number> {
  const used = [...new Set(indexes)].filter((layer) => layer < layers).sort((a, b) => a - b);
  return new Map(used.map((layer) => [layer, indexes.indexOf(layer)]));
}

const unsupported = (what: string, wanted: string) =>
  new TuskError('checkpoint-unsupported', `config.json: ${what}: expected ${wanted}.`, {
    hint: 'Tusk runs MammothModa2 checkpoints in the official layout.',
  });
