/** Where the visual tokenizer's tensors lie; its sizes are `gen_tokenizer_config`, checked with the config. */
export type { VisualTokenizerConfig } from '../../checkpoint/config.ts';

export const PREFIX = 'gen_tokenizer.image_tokenizer';
