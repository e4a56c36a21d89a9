/** Sizes of the diffusion transformer, from config.json. */
import type { CheckpointConfig } from '../../checkpoint/config.ts';

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

export function transformerSizes({ gen_dit_config: dit }: CheckpointConfig): TransformerSizes {
  const inner = Math.trunc((dit.ffn_dim_multiplier ?? 1) * 4 * dit.hidden_size);
  return {
    width: dit.hidden_size,
    heads: dit.num_attention_heads,
    keyHeads: dit.num_kv_heads,
    head: dit.hidden_size / dit.num_attention_heads,
    layers: dit.num_layers,
    refinerLayers: dit.num_refiner_layers,
    feedForward: dit.multiple_of * Math.ceil(inner / dit.multiple_of),
    epsilon: dit.norm_eps,
    patch: dit.patch_size,
    channels: dit.in_channels,
    timeWidth: Math.min(dit.hidden_size, WIDEST_TIME),
    timeScale: dit.timestep_scale,
    axes: dit.axes_dim_rope,
    axesLengths: dit.axes_lens,
  };
}
