/**
 * What config.json may hold. Names and defaults are the official ones: a saved config leaves out what has its
 * default. Sizes are bounded, so that an absurd config is refused before anything is allocated.
 */
import { z } from 'zod';

const size = z.number().int().min(1).max(1_000_000);
const width = z.number().int().min(1).max(65_536);
const layers = z.number().int().min(0).max(512);
const id = z.number().int().min(0).max(10_000_000);
const epsilon = z.number().positive().max(1);
const axes = z.tuple([width, width, width]);
const axesLengths = z.tuple([size, size, size]);

const textConfig = z
  .object({
    vocab_size: size.default(151_936),
    hidden_act: z.literal('silu').default('silu'),
    rms_norm_eps: epsilon.default(1e-6),
    rope_scaling: z.object({
      rope_type: z.literal('default').default('default'),
      mrope_section: z.array(width.min(0)).length(3).default([24, 20, 20]),
    }),
    hidden_size: width.default(4_096),
    intermediate_size: width.default(22_016),
    num_hidden_layers: layers.min(1).default(32),
    num_attention_heads: width.default(32),
    /** null: one a head. */
    num_key_value_heads: width.nullable().default(32),
    head_dim: width.default(128),
    rope_theta: z.number().positive().default(5e6),
    /** Tokens of a prompt and its answer together. */
    max_position_embeddings: size.default(128_000),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    extra_gen_vocab: z.boolean().default(true),
    gen_vocab_size: size.default(32_800),
    gen_vocab_start_index: id.default(152_064),
    moe_type: z
      .string()
      .regex(/^(none|attention|ffn|ffn_attention)(-\d{1,4}:\d{1,4})?$/, 'unknown form')
      .default('ffn'),
  })
  .transform((text) => ({
    ...text,
    num_key_value_heads: text.num_key_value_heads ?? text.num_attention_heads,
  }));

const visionConfig = z.object({
  hidden_act: z.string().default('gelu_pytorch_tanh'),
  in_channels: z.literal(3).default(3),
  spatial_merge_size: z.number().int().min(1).max(8).default(2),
  temporal_patch_size: z.number().int().min(1).max(8).default(2),
  out_hidden_size: width.default(3_584),
  depth: layers.default(27),
  hidden_size: width.default(1_152),
  intermediate_size: width.default(4_304),
  num_heads: width.default(16),
  patch_size: z.number().int().min(1).max(256).default(16),
  num_position_embeddings: size.default(2_304),
  deepstack_visual_indexes: z.array(layers).max(64).default([8, 16, 24]),
});

const llmConfig = z.object({
  text_config: textConfig,
  vision_config: visionConfig,
  image_token_id: id.default(151_655),
  video_token_id: id.default(151_656),
  vision_start_token_id: id.default(151_652),
  vision_end_token_id: id.default(151_653),
});

const vaeConfig = z.object({
  in_channels: z.literal(3).default(3),
  out_channels: z.literal(3).default(3),
  act_fn: z.literal('silu').default('silu'),
  down_block_types: z.array(z.literal('DownEncoderBlock2D')).default(['DownEncoderBlock2D']),
  up_block_types: z.array(z.literal('UpDecoderBlock2D')).default(['UpDecoderBlock2D']),
  block_out_channels: z.array(width).min(1).max(12).default([64]),
  layers_per_block: z.number().int().min(1).max(32).default(1),
  latent_channels: width.default(4),
  norm_num_groups: width.default(32),
  mid_block_add_attention: z.boolean().default(true),
  scaling_factor: z.number().default(0.18215),
  shift_factor: z.number().nullish(),
  use_quant_conv: z.boolean().default(true),
  use_post_quant_conv: z.boolean().default(true),
});

const ditConfig = z.object({
  patch_size: z.number().int().min(1).max(64).default(2),
  in_channels: width.default(16),
  out_channels: width.nullish(),
  hidden_size: width.default(2_304),
  num_layers: layers.default(26),
  num_refiner_layers: layers.default(2),
  num_attention_heads: width.default(24),
  num_kv_heads: width.default(8),
  multiple_of: width.default(256),
  ffn_dim_multiplier: z.number().positive().max(64).nullish(),
  norm_eps: epsilon.default(1e-5),
  /** The official pipeline turns by these; the outer `gen_axes_*` keys build tables that it never reads. */
  axes_dim_rope: axes.default([32, 32, 32]),
  axes_lens: axesLengths.default([300, 512, 512]),
  timestep_scale: z.number().positive().default(1),
});

const refinerConfig = z.object({
  norm_eps: epsilon.default(1e-5),
  num_queries: size.default(128),
  num_layers: layers.default(2),
});

/** Tusk's own key; absent = the constants of the official code. */
const genTokenizerConfig = z.object({
  patch_size: z.literal(14).default(14),
  embed_dim: width.default(1_024),
  num_blocks: layers.default(24),
  num_heads: width.default(8),
  mlp_hidden_dim: width.default(2_816),
  codebook_size: size.default(16_384),
  codebook_dim: width.default(8),
  decoder_width: width.default(1_024),
  decoder_layers: layers.default(24),
  decoder_heads: width.default(16),
  decoder_mlp_ratio: z.number().positive().max(64).default(4),
  decoder_ch: width.default(128),
  decoder_ch_mult: z.array(width).min(2).max(12).default([1, 1, 2, 2, 4]),
  decoder_num_res_blocks: z.number().int().min(1).max(32).default(2),
  decoder_norm_groups: width.default(32),
});

export const configSchema = z.object({
  model_type: z.literal('mammothmoda2'),
  llm_config: z.preprocess(inheritTextKeys, llmConfig),
  gen_vae_config: vaeConfig,
  gen_dit_config: ditConfig,
  gen_condition_mode: z.enum(['text', 'image', 'text_image']).default('text_image'),
  /** Which hidden states of the language model condition the picture; negative counts from the end. */
  gen_condition_layers: z
    .array(z.number().int().min(-513).max(512))
    .min(1)
    .max(512)
    .default([-2, -5, -8, -11, -14, -17]),
  gen_text_condition_with_answer: z.boolean().default(false),
  gen_image_condition_refiner_config: refinerConfig,
  gen_tokenizer_config: genTokenizerConfig.prefault({}),
});

const INHERITED = ['extra_gen_vocab', 'gen_vocab_size', 'gen_vocab_start_index', 'moe_type'] as const;

/** Keys the text config lacks are looked for one level up; embeddings are tied if either level says so. */
function inheritTextKeys(raw: unknown): unknown {
  if (!isRecord(raw) || !isRecord(raw.text_config)) return raw;
  const text = { ...raw.text_config };
  for (const key of INHERITED) text[key] ??= raw[key];
  text.tie_word_embeddings ||= raw.tie_word_embeddings;
  return { ...raw, text_config: text };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
