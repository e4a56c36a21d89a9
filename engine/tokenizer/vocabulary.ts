/**
 * The vocabulary of a checkpoint: byte ranks (`mammothu.tiktoken`), then the special tokens, whose ids follow
 * one another. The list of specials is the official one; the counts of the spare ones may be set in
 * tokenizer_config.json.
 */
import { z } from 'zod';
import { TuskError } from '../errors.ts';
import type { Ranks } from './byte-pair.ts';

export const RANKS_FILE = 'mammothu.tiktoken';
export const VISION_TOKENS_FILE = 'mammothu_vision_tokens.txt';
const MAX_TOKEN_BYTES = 1024;

const FIRST_SPECIALS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];

const QWEN_SPECIALS = [
  ...['object_ref_start', 'object_ref_end', 'box_start', 'box_end', 'quad_start', 'quad_end'].map(bar),
  ...['vision_start', 'vision_end', 'vision_pad', 'image_pad', 'video_pad'].map(bar),
  ...['<tool_call>', '</tool_call>'],
  ...['fim_prefix', 'fim_middle', 'fim_suffix', 'fim_pad', 'repo_name', 'file_sep'].map(bar),
  ...['<tool_response>', '</tool_response>', '<think>', '</think>'],
];

const GENERATION_SPECIALS = ['endofline', 'endoffile', 'gen_placeholder', 'useless token', 'beginoftext'].map(
  bar,
);

const count = z.number().int().min(0).max(1_000_000);

/** The entries of tokenizer_config.json that are read; absent = the official numbers and names. */
const tokenizerConfigSchema = z.object({
  special_start_id: count.default(151_643),
  num_extra: count.default(181),
  num_extra_margin: count.default(214),
  bos_token: z.string().default('<|beginoftext|>'),
  eos_token: z.string().default('<|endoftext|>'),
  pad_token: z.string().default('<|endoftext|>'),
});

export type TokenizerConfig = z.infer<typeof tokenizerConfigSchema>;

export function damaged(file: string, what: string, cause?: unknown): TuskError {
  return new TuskError('tokenizer-damaged', `${file} is damaged: ${what}.`, {
    cause,
    hint: `Fetch or copy ${file} again.`,
  });
}

/** @throws TuskError `tokenizer-damaged` naming the key. */
export function parseTokenizerConfig(raw: unknown): TokenizerConfig {
  const parsed = tokenizerConfigSchema.safeParse(raw ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw damaged('tokenizer_config.json', `${issue.path.join('.')}: ${issue.message}`, parsed.error);
}

/**
 * A tiktoken file: one token a line, `<base64 of its bytes> <rank>`.
 * @param expected how many ranks there must be: 0 .. expected - 1, each once.
 * @throws TuskError `tokenizer-damaged` with the line.
 */
export function parseRanks(text: string, expected: number): Ranks {
  const ranks = new Map<string, number>();
  const seen = new Uint8Array(expected);
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const [, base64, rankText] =
      /^((?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?) (\d{1,8})\r?$/.exec(line) ?? [];
    if (!base64) throw damaged(RANKS_FILE, `line ${index + 1} isn't a token and its rank`);
    const bytes = atob(base64);
    const rank = Number(rankText);
    if (bytes.length > MAX_TOKEN_BYTES) throw damaged(RANKS_FILE, `line ${index + 1} is too long`);
    if (rank >= expected) throw damaged(RANKS_FILE, `line ${index + 1} has the rank ${rank} of ${expected}`);
    if (seen[rank] || ranks.has(bytes)) throw damaged(RANKS_FILE, `line ${index + 1} is there twice`);
    seen[rank] = 1;
    ranks.set(bytes, rank);
  }
  assertComplete(ranks, expected);
  return ranks;
}

function assertComplete(ranks: Ranks, expected: number): void {
  if (ranks.size !== expected) throw damaged(RANKS_FILE, `it has ${ranks.size} of ${expected} tokens`);
  for (let byte = 0; byte < 256; byte++) {
    if (!ranks.has(String.fromCharCode(byte))) throw damaged(RANKS_FILE, `the byte ${byte} has no token`);
  }
}

/** All special tokens with their ids. @throws TuskError `tokenizer-damaged` with the line. */
export function specialTokens(visionTokens: string, config: TokenizerConfig): Map<string, number> {
  const vision = visionTokens.split('\n').map((line) => line.trim());
  const names = [
    ...FIRST_SPECIALS,
    ...QWEN_SPECIALS,
    ...numbered('extra', config.num_extra),
    ...numbered('extra_margin', config.num_extra_margin),
    ...GENERATION_SPECIALS,
    ...vision.filter((line) => line !== ''),
  ];
  const broken = vision.findIndex((line) => line !== '' && !/^<\|[^<>]+\|>$/.test(line));
  if (broken >= 0) throw damaged(VISION_TOKENS_FILE, `line ${broken + 1} isn't a token`);
  const tokens = new Map(names.map((name, index) => [name, config.special_start_id + index]));
  if (tokens.size !== names.length) throw damaged(VISION_TOKENS_FILE, 'a token is there twice');
  return tokens;
}

function bar(name: string): string {
  return `<|${name}|>`;
}

function numbered(name: string, length: number): string[] {
  return Array.from({ length }, (_, index) => bar(`${name}_${index}`));
}
