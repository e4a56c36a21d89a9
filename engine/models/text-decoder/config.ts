/** The text decoder's sizes, and which layers have a second MLP for generation ids. */
import type { CheckpointConfig, VisionConfig } from '../../checkpoint/config.ts';
import { TuskError } from '../../errors.ts';

export interface TextDecoderConfig {
  layers: number;
  /** Width of a hidden state. */
  width: number;
  ffnWidth: number;
  heads: number;
  keyValueHeads: number;
  headDim: number;
  epsilon: number;
  attentionBias: boolean;
  ropeTheta: number;
  /** Frequencies of the time, row and column axis (halves of a head). */
  mropeSection: readonly number[];
  textVocabulary: number;
  /** 0: no second table and no second head; generation ids then index the text table. */
  generationVocabulary: number;
  /** Ids from here on are generation ids. */
  generationStart: number;
  /** lm_head is the text table itself. */
  tied: boolean;
  /** Layer -> has `gen_mlp`. */
  experts: readonly boolean[];
  /** Deepstack features that reach the decoder: one a layer from the first on. */
  deepstackCount: number;
  imageTokenId: number;
  visionStartTokenId: number;
}

export function textDecoderConfig(config: CheckpointConfig): TextDecoderConfig {
  const { text_config: text, vision_config: vision } = config.llm_config;
  return {
    layers: text.num_hidden_layers,
    width: text.hidden_size,
    ffnWidth: text.intermediate_size,
    heads: text.num_attention_heads,
    keyValueHeads: text.num_key_value_heads,
    headDim: text.head_dim,
    epsilon: text.rms_norm_eps,
    attentionBias: text.attention_bias,
    ropeTheta: text.rope_theta,
    mropeSection: text.rope_scaling.mrope_section,
    textVocabulary: text.vocab_size,
    generationVocabulary: text.extra_gen_vocab ? text.gen_vocab_size : 0,
    generationStart: text.gen_vocab_start_index,
    tied: text.tie_word_embeddings,
    experts: generationExperts(text.moe_type, text.num_hidden_layers),
    deepstackCount: Math.min(deepstackFeatures(vision), text.num_hidden_layers),
    imageTokenId: config.llm_config.image_token_id,
    visionStartTokenId: config.llm_config.vision_start_token_id,
  };
}

const deepstackFeatures = ({ deepstack_visual_indexes: indexes, depth }: VisionConfig): number =>
  new Set(indexes.filter((layer) => layer < depth)).size;

const MOE_TYPE = /^(none|attention|ffn|ffn_attention)(?:-(\d+):(\d+))?$/;

/**
 * `moe_type` as the official code reads it: a kind, and optionally `-start:end` (end excluded). It makes experts
 * of MLPs only, so `attention` has none and `ffn_attention` the same as `ffn`.
 * @returns one entry a layer
 * @throws TuskError `checkpoint-unsupported` for a form the official code refuses
 */
export function generationExperts(moeType: string, layers: number): boolean[] {
  const [, kind, start = '0', end = String(layers)] = MOE_TYPE.exec(moeType) ?? [];
  if (kind === undefined) {
    throw new TuskError('checkpoint-unsupported', `config.json: moe_type "${moeType}" is unknown.`, {
      hint: 'Tusk knows none, attention, ffn and ffn_attention, each with or without a range like ffn-14:36.',
    });
  }
  const hasMlp = kind.startsWith('ffn');
  return Array.from({ length: layers }, (_, i) => hasMlp && Number(start) <= i && i < Number(end));
}
