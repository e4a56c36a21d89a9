/**
 * The published checkpoint's sizes, as far as public configs and ids tell them, and slices of it: true widths with
 * fewer layers and a smaller vocabulary.
 */
import { readFile } from 'node:fs/promises';
import { type CheckpointConfig, parseConfig } from '../../engine/checkpoint/config.ts';
import { type ModelMemory, memoryOfParts } from '../../engine/memory/parts.ts';
import { elementCount } from '../../engine/runtime/tensor.ts';
import { withPublishedVocabulary } from './published-vocabulary.ts';
import { tensorShapes } from './synthesize.ts';

type Json = Record<string, unknown>;
type Config = Record<string, Json>;

export interface Slice {
  /** Of the text decoder; generation experts stand from `expertsFrom` on. */
  textLayers: number;
  expertsFrom: number;
  visionLayers: number;
  tokenizerLayers: number;
  transformerLayers: number;
}

export const WHOLE: Slice = {
  textLayers: 36,
  expertsFrom: 14,
  visionLayers: 27,
  tokenizerLayers: 24,
  transformerLayers: 17,
};

/** A transform of the small checkpoint's config.json, whose tokenizer it keeps: ids end early, tables are whole. */
export const published =
  (slice: Slice) =>
  (config: Config): void => {
    const moe = { moe_type: `ffn-${slice.expertsFrom}:${slice.textLayers}` };
    const llm = config.llm_config as Config;
    Object.assign(llm, moe);
    Object.assign(llm.text_config!, moe, {
      ...{ hidden_size: 4_096, intermediate_size: 12_288, num_hidden_layers: slice.textLayers },
      ...{ num_attention_heads: 32, num_key_value_heads: 8, head_dim: 128, max_position_embeddings: 32_768 },
      rope_scaling: { rope_type: 'default', mrope_interleaved: true, mrope_section: [24, 20, 20] },
    });
    const deepstack = [8, 16, 24].filter((layer) => layer < slice.visionLayers);
    Object.assign(llm.vision_config!, {
      ...{ hidden_size: 1_152, depth: slice.visionLayers, num_heads: 16, intermediate_size: 4_304 },
      ...{ out_hidden_size: 4_096, num_position_embeddings: 2_304, deepstack_visual_indexes: deepstack },
    });
    const rope = { axes_dim_rope: [40, 40, 40], axes_lens: [4_096, 512, 512] };
    Object.assign(config.gen_dit_config!, rope, {
      ...{ text_feat_dim: 4_096, hidden_size: 2_520, num_layers: slice.transformerLayers },
      ...{
        num_refiner_layers: 2,
        num_attention_heads: 21,
        num_kv_heads: 7,
        multiple_of: 256,
        in_channels: 16,
      },
    });
    const states = [-2, -5, -8, -11, -14, -17].filter((index) => -index <= slice.textLayers + 1);
    Object.assign(config, { gen_condition_layers: states });
    Object.assign(config, { gen_axes_dim_rope: rope.axes_dim_rope, gen_axes_lens: rope.axes_lens });
    Object.assign(config.gen_image_condition_refiner_config!, { num_queries: 128, num_layers: 2 });
    Object.assign(config.gen_vae_config!, {
      ...{ block_out_channels: [128, 256, 512, 512], layers_per_block: 2, latent_channels: 16 },
      ...{ norm_num_groups: 32 },
    });
    config.gen_tokenizer_config = {
      ...{ patch_size: 14, embed_dim: 1_024, num_blocks: slice.tokenizerLayers, num_heads: 8 },
      ...{ mlp_hidden_dim: 2_816, decoder_width: 1_024, decoder_layers: slice.tokenizerLayers },
      ...{ codebook_size: 16_384, codebook_dim: 8, decoder_heads: 16 },
    };
  };

/** The whole size with its own vocabulary: `writePublishedVocabulary` gives the tokenizer to it. */
export const publishedWhole = (config: Config): void => {
  published(WHOLE)(config);
  withPublishedVocabulary(config);
};

/** Config and memory of the whole published size, from its shapes, weights in bfloat16. */
export async function publishedMemory(): Promise<{ config: CheckpointConfig; memory: ModelMemory }> {
  const raw = JSON.parse(await readFile('test/parity/alpha/checkpoint/config.json', 'utf8')) as Config;
  publishedWhole(raw);
  const config = parseConfig(raw);
  const tensors = [...tensorShapes(config)].map(([name, shape]) => {
    return { name, dtype: 'BF16', shape, length: 2 * elementCount(shape) };
  });
  return { config, memory: memoryOfParts(tensors) };
}
