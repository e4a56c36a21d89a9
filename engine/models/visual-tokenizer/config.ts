/** What must hold between the sizes of `gen_tokenizer_config` before a graph can be built from them. */
import type { VisualTokenizerConfig } from '../../checkpoint/config.ts';
import { TuskError } from '../../errors.ts';

export type { VisualTokenizerConfig };

export const PREFIX = 'gen_tokenizer.image_tokenizer';

/** @throws TuskError `checkpoint-unsupported` naming the sizes that do not divide. */
export function assertVisualTokenizerSizes(config: VisualTokenizerConfig): void {
  assertDivides(config.embed_dim, 4, 'embed_dim', 'the four parts of its position embedding');
  assertDivides(config.embed_dim, config.num_heads, 'embed_dim', 'num_heads');
  assertDivides(config.decoder_width, config.decoder_heads, 'decoder_width', 'decoder_heads');
  assertDivides(config.decoder_width / config.decoder_heads, 4, 'decoder head width', 'the two axes');
  for (const multiple of config.decoder_ch_mult) {
    const channels = multiple * config.decoder_ch;
    assertDivides(channels, config.decoder_norm_groups, 'decoder channels', 'decoder_norm_groups');
  }
  if (config.codebook_size < 2) throw unsupported('codebook_size must be at least 2');
}

function assertDivides(size: number, divisor: number, what: string, by: string): void {
  if (size % divisor !== 0) throw unsupported(`${what} ${size} is not a multiple of ${divisor} (${by})`);
}

const unsupported = (reason: string) =>
  new TuskError('checkpoint-unsupported', `config.json: gen_tokenizer_config: ${reason}.`);
