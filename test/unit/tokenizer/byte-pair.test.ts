import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Tiktoken } from 'js-tiktoken/lite';
import { mergeBytes } from '../../../engine/tokenizer/byte-pair.ts';
import { parseRanks } from '../../../engine/tokenizer/vocabulary.ts';
import { ALPHA } from './files.ts';

const text = await readFile(`${ALPHA}/checkpoint/mammothu.tiktoken`, 'utf8');
const ranks = parseRanks(text, 480);

/** js-tiktoken's own merge, quadratic but written by others: the whole text is one piece. */
const plain = new Tiktoken({
  bpe_ranks: text.replace(/^(\S+) (\d+)$/gm, '! $2 $1'),
  pat_str: '[^]+',
  special_tokens: {},
});

test('merging agrees with js-tiktoken on random words of its tokens', () => {
  const tokens = [...ranks.keys()].filter((bytes) => /^[\x20-\x7e]+$/.test(bytes));
  let seed = 1;
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 300; round++) {
    const word = Array.from({ length: 1 + next(30) }, () => tokens[next(tokens.length)]).join('');
    assert.deepEqual(mergeBytes(word, ranks, 64), plain.encode(word), word);
  }
});

test('a lower rank further right merges before a higher one further left', () => {
  const small = new Map([...'abc'].map((byte, index) => [byte, index] as const)).set('bc', 3).set('ab', 4);
  assert.deepEqual(mergeBytes('abc', small, 2), [0, 3]);
  assert.deepEqual(mergeBytes('abab', small, 2), [4, 4]);
});

test('equal ranks merge from the left', () => {
  assert.deepEqual(
    mergeBytes(
      'aaa',
      new Map([
        ['a', 0],
        ['aa', 1],
      ]),
      2,
    ),
    [1, 0],
  );
});
