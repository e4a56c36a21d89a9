import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Tokenizer } from '../../../engine/tokenizer/tokenizer.ts';
import { ALPHA, alphaFiles, isError } from './files.ts';

const RANKS = 'mammothu.tiktoken';
const VISION = 'mammothu_vision_tokens.txt';
const tokenizer = await Tokenizer.load(await alphaFiles());
const read = (name: string) => readFile(`${ALPHA}/checkpoint/${name}`, 'utf8');

test('a long text without a space is encoded and comes back', () => {
  for (const unit of ['the', ' ', '<', '一', '\0', '<|visual token ']) {
    const text = unit.repeat(2 ** 17 / unit.length);
    assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
  }
});

test('lone surrogates become the replacement character', () => {
  assert.equal(tokenizer.decode(tokenizer.encode('a\ud800b')), 'a\ufffdb');
});

test('white space is what the reference calls white space', () => {
  const nextLine = tokenizer.encode('\u0085x');
  assert.deepEqual(nextLine.slice(0, -1), tokenizer.encode('\u0085'));
  assert.equal(tokenizer.decode(tokenizer.encode('\ufeffbom')), '\ufeffbom');
});

test('text typed like a token that does not exist stays text', () => {
  const ids = tokenizer.encode('<|visual token 000001|><|visual token 999999|>');
  assert.equal(ids[0], tokenizer.specialId('<|visual token 000001|>'));
  assert.ok(ids.slice(1).every((id) => id < tokenizer.config.special_start_id));
  assert.equal(tokenizer.hasSpecial('<|visual token 999999|>'), false);
  assert.throws(() => tokenizer.specialId('<|visual token 999999|>'), isError('tokenizer-damaged', /999999/));
});

test('ids without a token are left out', () => {
  const spare = tokenizer.vocabularySize + 3;
  assert.equal(tokenizer.decode([spare, ...tokenizer.encode('boat'), spare]), 'boat');
});

test('a stream of ids gives whole characters only, and all of them', () => {
  const decoder = tokenizer.streamDecoder();
  const parts = tokenizer.encode('a 😀 小').map((id) => decoder.push(id));
  assert.equal(parts.join('') + decoder.end(), 'a 😀 小');
  assert.ok(parts.every((part) => !part.includes('\ufffd')));
});

test('there are as many visual tokens as lines for them', () => {
  assert.equal(tokenizer.visualTokenCount, 96);
});

test('a ranks file cut anywhere is refused by name', async () => {
  const ranks = await read(RANKS);
  for (let part = 0; part < 64; part++) {
    const files = await alphaFiles({ [RANKS]: ranks.slice(0, Math.floor((ranks.length * part) / 64)) });
    await assert.rejects(Tokenizer.load(files), isError('tokenizer-damaged', /mammothu\.tiktoken/));
  }
});

test('damaged lines are refused with their number', async () => {
  const lines = (await read(RANKS)).split('\n');
  const damages: Record<string, RegExp> = {
    'no rank': /line 8 isn't/,
    'IQ== 7': /line 8 is there twice/,
    'KA== 480': /line 8 has the rank 480/,
    'KA== 1e3': /line 8 isn't/,
    '<html>': /line 8 isn't/,
  };
  for (const [line, words] of Object.entries(damages)) {
    const files = await alphaFiles({ [RANKS]: lines.with(7, line).join('\n') });
    await assert.rejects(Tokenizer.load(files), isError('tokenizer-damaged', words));
  }
});

test('vision tokens cut inside a line, or given twice, are refused', async () => {
  const vision = await read(VISION);
  const cut = await alphaFiles({ [VISION]: vision.slice(0, -5) });
  await assert.rejects(Tokenizer.load(cut), isError('tokenizer-damaged', /line 99 isn't a token/));
  const twice = await alphaFiles({ [VISION]: vision + vision });
  await assert.rejects(Tokenizer.load(twice), isError('tokenizer-damaged', /twice/));
});

test('a config with an absurd number is refused with its key', async () => {
  const files = await alphaFiles({ 'tokenizer_config.json': '{"special_start_id": -1}' });
  await assert.rejects(Tokenizer.load(files), isError('tokenizer-damaged', /special_start_id/));
});

const VOCABULARY = process.env.TUSK_QWEN_VOCABULARY;

/** The published vocabulary isn't kept here: test/parity/real-vocabulary/texts.json says where it comes from. */
test('texts with the published vocabulary', {
  skip: !VOCABULARY && 'TUSK_QWEN_VOCABULARY is not set',
}, async () => {
  const { vocabulary, result } = JSON.parse(
    await readFile(new URL('../../parity/real-vocabulary/texts.json', import.meta.url), 'utf8'),
  );
  const ranks = await readFile(VOCABULARY!, 'utf8');
  assert.equal(createHash('sha256').update(ranks).digest('hex'), vocabulary.sha256);
  const codes = Array.from(
    { length: 32_768 },
    (_, code) => `<|visual token ${String(code).padStart(6, '0')}|>`,
  );
  const published = await Tokenizer.load({
    readJson: async () => undefined,
    readText: async (name) =>
      name === RANKS ? ranks : ['<|image start|>', '<|image end|>', '<|image token|>', ...codes].join('\n'),
  });
  assert.equal(published.vocabularySize, result.vocabulary_size);
  assert.equal(published.specialId(codes[0]!), result.first_visual_token);
  for (const [token, id] of Object.entries(result.special_ids)) assert.equal(published.specialId(token), id);
  for (const { text, ids, decoded, decoded_without_special } of result.items) {
    assert.deepEqual(published.encode(text), ids, text);
    assert.equal(published.decode(ids), decoded);
    assert.equal(published.decodeWithoutSpecial(ids), decoded_without_special);
  }
});
