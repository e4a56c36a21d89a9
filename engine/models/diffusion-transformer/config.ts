/** Sizes of the diffusion transformer, from config.json. */
import type { CheckpointConfig } from '../../checkpoint/config.ts';
import { TuskError } from '../../errors.ts';

export interface TransformerSizes {
  width: number;
  heads: number;
  keyHeads: number;
  head: number;
  layers: number;
  refinerLayers: number;
  feedForward: number;
  epsilon: number;
  /** Edge of a patch in latent pixels. */
  patch: number;
  channels: number;
  /** Width of the time embedding. */
  timeWidth: number;
  timeScale: number;
  /** Features of a head that rotate by (shift, row, column); their sum is `head`. */
  axes: readonly [number, number, number];
  /** Positions each axis has. */
  axesLengths: readonly [number, number, number];
}

/** Rows of `image_index_embedding`: how many reference pictures one run can take. */
export const MOST_REFERENCES = 5;
const WIDEST_TIME = 1024;

/** @throws TuskError `checkpoint-unsupported` where the sizes contradict each other. */
export function transformerSizes(config: CheckpointConfig): TransformerSizes {
  const dit = config.gen_dit_config;
  const head = dit.hidden_size / dit.num_attention_heads;
  const axes = dit.axes_dim_rope;
  if (Math.floor(head) !== axes[0] + axes[1] + axes[2] || !Number.isInteger(head)) {
    throw unsupported(`the head width ${head} isn't the sum of axes_dim_rope [${axes}]`);
  }
  if (axes.some((size) => size % 2 !== 0)) throw unsupported(`axes_dim_rope [${axes}] must be even`);
  if (dit.num_attention_heads % dit.num_kv_heads !== 0) {
    throw unsupported('num_kv_heads does not divide num_attention_heads');
  }
  if (dit.in_channels !== (dit.out_channels ?? dit.in_channels)) {
    throw unsupported('out_channels differs from in_channels');
  }
  const inner = Math.trunc((dit.ffn_dim_multiplier ?? 1) * 4 * dit.hidden_size);
  return {
    width: dit.hidden_size,
    heads: dit.num_attention_heads,
    keyHeads: dit.num_kv_heads,
    head,
    layers: dit.num_layers,
    refinerLayers: dit.num_refiner_layers,
    feedForward: dit.multiple_of * Math.ceil(inner / dit.multiple_of),
    epsilon: dit.norm_eps,
    patch: dit.patch_size,
    channels: dit.in_channels,
    timeWidth: Math.min(dit.hidden_size, WIDEST_TIME),
    timeScale: dit.timestep_scale,
    axes,
    axesLengths: dit.axes_lens,
  };
}

function unsupported(what: string): TuskError {
  return new TuskError('checkpoint-unsupported', `config.json: gen_dit_config: ${what}.`);
}
