/** Texts to ids and back; `ids` cases decode only. */
import { join } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { StageRunner } from './case.ts';

interface Params {
  texts?: string[];
  ids?: number[][];
}

interface Expected {
  special_ids?: Record<string, number>;
}

export const run: StageRunner = async (parityCase) => {
  const tokenizer = await Tokenizer.load(await Checkpoint.open(join(parityCase.variant, 'checkpoint')));
  const { texts, ids = [] } = parityCase.params as Params;
  if (!texts) return { tensors: {}, result: { items: ids.map((list) => decoded(tokenizer, list)) } };
  const names = Object.keys((parityCase.result as Expected).special_ids ?? {});
  return {
    tensors: {},
    result: {
      items: texts.map((text) => ({ text, ...decoded(tokenizer, tokenizer.encode(text)) })),
      vocabulary_size: tokenizer.vocabularySize,
      special_ids: Object.fromEntries(names.map((name) => [name, tokenizer.specialId(name)])),
      visual_tokens_ids: tokenizer.visualIds,
      gen_placeholder_id: tokenizer.specialId('<|gen_placeholder|>'),
    },
  };
};

function decoded(tokenizer: Tokenizer, ids: number[]) {
  return {
    ids,
    decoded: tokenizer.decode(ids),
    decoded_without_special: tokenizer.decodeWithoutSpecial(ids),
  };
}
