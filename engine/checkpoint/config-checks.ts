/** What must hold between the sizes of a config before a network can be built from them. */
import type { CheckpointConfig } from './config.ts';

/** @returns the first contradiction as "key: what is wrong", or undefined. */
export function configContradiction(config: CheckpointConfig): string | undefined {
  for (const [key, claims] of CHECKS) {
    const broken = claims(config).find(([holds]) => !holds);
    if (broken) return `${key}: ${broken[1]}`;
  }
  return undefined;
}

type Claim = readonly [holds: boolean, otherwise: string];

const divides = (divisor: number, number: number, divisorName: string, name: string): Claim => [
  number % divisor === 0,
  `${name} ${number} isn't a multiple of ${divisorName} ${divisor}`,
];

const CHECKS: readonly (readonly [key: string, claims: (config: CheckpointConfig) => readonly Claim[]])[] = [
  ['llm_config.text_config', textClaims],
  ['llm_config.vision_config', visionClaims],
  ['llm_config', tokenClaims],
  ['gen_condition_layers', conditionClaims],
  ['gen_dit_config', transformerClaims],
  ['gen_vae_config', vaeClaims],
  ['gen_tokenizer_config', visualTokenizerClaims],
];

function textClaims({ llm_config: { text_config: text } }: CheckpointConfig): Claim[] {
  const sections = text.rope_scaling.mrope_section.reduce((sum, section) => sum + section, 0);
  return [
    divides(text.num_key_value_heads, text.num_attention_heads, 'num_key_value_heads', 'num_attention_heads'),
    divides(2, text.head_dim, 'the two halves', 'head_dim'),
    [
      sections <= text.head_dim / 2,
      `mrope_section [${text.rope_scaling.mrope_section}] has ${sections} frequencies, a head of ${text.head_dim} has ${text.head_dim / 2}`,
    ],
    [
      !text.extra_gen_vocab || text.gen_vocab_start_index <= text.vocab_size,
      `gen_vocab_start_index ${text.gen_vocab_start_index} lies beyond vocab_size ${text.vocab_size}: ids in between have no row`,
    ],
  ];
}

function visionClaims({
  llm_config: { text_config: text, vision_config: vision },
}: CheckpointConfig): Claim[] {
  return [
    divides(vision.num_heads, vision.hidden_size, 'num_heads', 'hidden_size'),
    divides(4, vision.hidden_size / vision.num_heads, 'rows and columns in two halves', 'the head width'),
    [
      vision.out_hidden_size === text.hidden_size,
      `out_hidden_size ${vision.out_hidden_size} isn't the text decoder's hidden_size ${text.hidden_size}`,
    ],
  ];
}

function tokenClaims({ llm_config: llm }: CheckpointConfig): Claim[] {
  const { vocab_size, gen_vocab_size, extra_gen_vocab } = llm.text_config;
  const ids = vocab_size + (extra_gen_vocab ? gen_vocab_size : 0);
  return (['image_token_id', 'video_token_id', 'vision_start_token_id', 'vision_end_token_id'] as const).map(
    (key) => [llm[key] < ids, `${key} ${llm[key]} lies outside the vocabulary of ${ids}`],
  );
}

function conditionClaims({ llm_config, gen_condition_layers }: CheckpointConfig): Claim[] {
  const states = llm_config.text_config.num_hidden_layers + 1;
  return gen_condition_layers.map((layer) => [
    -states <= layer && layer < states,
    `${layer} lies outside the ${states} hidden states`,
  ]);
}

function transformerClaims({ gen_dit_config: dit, gen_vae_config: vae }: CheckpointConfig): Claim[] {
  const head = dit.hidden_size / dit.num_attention_heads;
  const axes = dit.axes_dim_rope;
  return [
    divides(dit.num_attention_heads, dit.hidden_size, 'num_attention_heads', 'hidden_size'),
    divides(dit.num_kv_heads, dit.num_attention_heads, 'num_kv_heads', 'num_attention_heads'),
    [head === axes[0] + axes[1] + axes[2], `the head width ${head} isn't the sum of the axes [${axes}]`],
    [axes.every((axis) => axis % 2 === 0), `the axes [${axes}] aren't all even`],
    [
      dit.in_channels === (dit.out_channels ?? dit.in_channels),
      `out_channels ${dit.out_channels} differs from in_channels ${dit.in_channels}`,
    ],
    [
      dit.in_channels === vae.latent_channels,
      `in_channels ${dit.in_channels} differs from the VAE's latent_channels ${vae.latent_channels}`,
    ],
  ];
}

function vaeClaims({ gen_vae_config: vae }: CheckpointConfig): Claim[] {
  const levels = vae.block_out_channels.length;
  return [
    ...vae.block_out_channels.map((channels) =>
      divides(vae.norm_num_groups, channels, 'norm_num_groups', 'block_out_channels'),
    ),
    [
      vae.down_block_types.length === levels && vae.up_block_types.length === levels,
      `${levels} block_out_channels for ${vae.down_block_types.length} down and ${vae.up_block_types.length} up blocks`,
    ],
    [vae.scaling_factor !== 0, 'scaling_factor is 0'],
  ];
}

function visualTokenizerClaims({ gen_tokenizer_config: sizes }: CheckpointConfig): Claim[] {
  return [
    divides(4, sizes.embed_dim, 'the parts of its positions', 'embed_dim'),
    divides(sizes.num_heads, sizes.embed_dim, 'num_heads', 'embed_dim'),
    divides(sizes.decoder_heads, sizes.decoder_width, 'decoder_heads', 'decoder_width'),
    divides(4, sizes.decoder_width / sizes.decoder_heads, 'the two axes in pairs', 'the decoder head width'),
    ...sizes.decoder_ch_mult.map((multiple) =>
      divides(
        sizes.decoder_norm_groups,
        multiple * sizes.decoder_ch,
        'decoder_norm_groups',
        'decoder channels',
      ),
    ),
    [sizes.codebook_size >= 2, 'codebook_size is less than 2'],
  ];
}
