/**
 * config.json of a checkpoint, checked and typed. Names are the official ones; sizes are bounded so that an
 * absurd config is refused before anything is allocated.
 */
import { z } from 'zod';
import { TuskError } from '../errors.ts';
import type { Checkpoint } from './checkpoint.ts';

const size = z.number().int().min(1).max(1_000_000);
const width = z.number().int().min(1).max(65_536);
const layers = z.number().int().min(0).max(512);
const id = z.number().int().min(0).max(10_000_000);
const epsilon = z.number().positive().max(1);

const textConfig = z.object({
  vocab_size: size,
  hidden_act: z.literal('silu').default('silu'),
  rms_norm_eps: epsilon.default(1e-6),
  rope_scaling: z.object({
    mrope_section: z.array(width).length(3),
    mrope_interleaved: z.boolean().default(true),
  }),
  hidden_size: width,
  intermediate_size: width,
  num_hidden_layers: layers.min(1),
  num_attention_heads: width,
  num_key_value_heads: width,
  head_dim: width,
  rope_theta: z.number().positive(),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  extra_gen_vocab: z.boolean().default(true),
  gen_vocab_size: size.default(32_800),
  gen_vocab_start_index: id.nullish(),
  moe_type: z.string().max(64).default('ffn'),
});

const visionConfig = z.object({
  hidden_act: z.string().default('gelu_pytorch_tanh'),
  in_channels: z.literal(3).default(3),
  spatial_merge_size: z.number().int().min(1).max(8).default(2),
  temporal_patch_size: z.number().int().min(1).max(8).default(2),
  out_hidden_size: width,
  depth: layers,
  hidden_size: width,
  intermediate_size: width,
  num_heads: width,
  patch_size: z.number().int().min(1).max(256),
  num_position_embeddings: size,
  deepstack_visual_indexes: z.array(layers).max(64),
});

const vaeConfig = z.object({
  in_channels: z.literal(3).default(3),
  out_channels: z.literal(3).default(3),
  act_fn: z.literal('silu').default('silu'),
  block_out_channels: z.array(width).min(1).max(12),
  layers_per_block: z.number().int().min(1).max(32),
  latent_channels: width,
  norm_num_groups: width,
  mid_block_add_attention: z.boolean().default(true),
  scaling_factor: z.number().default(0.18215),
  shift_factor: z.number().nullish(),
  use_quant_conv: z.boolean().default(true),
  use_post_quant_conv: z.boolean().default(true),
});

const ropeAxes = z.tuple([width, width, width]);

const ditConfig = z.object({
  patch_size: z.number().int().min(1).max(64),
  in_channels: width,
  out_channels: width.nullish(),
  hidden_size: width,
  num_layers: layers,
  num_refiner_layers: layers,
  num_attention_heads: width,
  num_kv_heads: width,
  multiple_of: width.default(256),
  ffn_dim_multiplier: z.number().positive().nullish(),
  norm_eps: epsilon.default(1e-5),
  axes_dim_rope: ropeAxes,
  axes_lens: z.tuple([size, size, size]),
  text_feat_dim: width.nullish(),
  timestep_scale: z.number().positive().default(1),
});

const refinerConfig = z.object({
  norm_eps: epsilon.default(1e-5),
  num_queries: size,
  num_layers: layers,
});

/** Absent = the constants of the official code. */
const genTokenizerConfig = z.object({
  patch_size: z.literal(14).default(14),
  embed_dim: width.default(1024),
  num_blocks: layers.default(24),
  num_heads: width.default(8),
  mlp_hidden_dim: width.default(2816),
  codebook_size: size.default(16_384),
  codebook_dim: width.default(8),
  decoder_width: width.default(1024),
  decoder_layers: layers.default(24),
  decoder_heads: width.default(16),
  decoder_mlp_ratio: z.number().positive().default(4),
  decoder_ch: width.default(128),
  decoder_ch_mult: z.array(width).min(2).max(12).default([1, 1, 2, 2, 4]),
  decoder_num_res_blocks: z.number().int().min(1).max(32).default(2),
  decoder_norm_groups: width.default(32),
});

const configSchema = z.object({
  model_type: z.literal('mammothmoda2'),
  llm_config: z.object({
    text_config: textConfig,
    vision_config: visionConfig,
    image_token_id: id,
    video_token_id: id,
    vision_start_token_id: id,
    vision_end_token_id: id,
  }),
  gen_vae_config: vaeConfig,
  gen_dit_config: ditConfig,
  gen_condition_mode: z.enum(['text', 'image', 'text_image']).default('text_image'),
  gen_condition_layers: z.array(z.number().int().min(-512).max(512)).min(1).max(512),
  gen_text_condition_with_answer: z.boolean().default(false),
  gen_image_condition_refiner_config: refinerConfig,
  gen_axes_dim_rope: ropeAxes,
  gen_axes_lens: z.tuple([size, size, size]),
  gen_tokenizer_config: genTokenizerConfig.default(() => genTokenizerConfig.parse({})),
});

export type CheckpointConfig = z.infer<typeof configSchema>;
export type TextConfig = z.infer<typeof textConfig>;
export type VisionConfig = z.infer<typeof visionConfig>;
export type VaeConfig = z.infer<typeof vaeConfig>;
export type DitConfig = z.infer<typeof ditConfig>;
export type RefinerConfig = z.infer<typeof refinerConfig>;
export type VisualTokenizerConfig = z.infer<typeof genTokenizerConfig>;

/** @throws TuskError `checkpoint-missing` without config.json, `checkpoint-unsupported` naming the bad key. */
export async function readConfig(checkpoint: Checkpoint): Promise<CheckpointConfig> {
  const raw = await checkpoint.readJson('config.json');
  if (raw === undefined) {
    throw new TuskError('checkpoint-missing', 'The checkpoint folder has no config.json.', {
      hint: 'Give the folder that holds config.json and the .safetensors files.',
    });
  }
  const parsed = configSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new TuskError(
    'checkpoint-unsupported',
    `config.json: ${issue.path.join('.') || 'the file'}: ${issue.message}.`,
    {
      hint: 'Tusk runs MammothModa2 checkpoints in the official layout.',
    },
  );
}
