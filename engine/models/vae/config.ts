/** Sizes of the picture autoencoder (diffusers' AutoencoderKL), from config.json. */
import type { CheckpointConfig } from '../../checkpoint/config.ts';

export interface VaeSizes {
  /** Widths of the levels, from full size to the latents' size; each halves the picture but the last. */
  widths: readonly number[];
  layers: number;
  groups: number;
  latentChannels: number;
  midAttention: boolean;
  quantConv: boolean;
  postQuantConv: boolean;
  /** Edge of the square of pixels that one latent pixel stands for. */
  pixels: number;
  /** Latents of the diffusion = (latents of the VAE - shift) * scale. */
  scale: number;
  shift: number;
}

export function vaeSizes({ gen_vae_config: vae }: CheckpointConfig): VaeSizes {
  return {
    widths: vae.block_out_channels,
    layers: vae.layers_per_block,
    groups: vae.norm_num_groups,
    latentChannels: vae.latent_channels,
    midAttention: vae.mid_block_add_attention,
    quantConv: vae.use_quant_conv,
    postQuantConv: vae.use_post_quant_conv,
    pixels: 2 ** (vae.block_out_channels.length - 1),
    scale: vae.scaling_factor,
    shift: vae.shift_factor ?? 0,
  };
}
