/** What a caller may ask for: bad values are refused before anything runs, with the code and the name of what is bad. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseParams } from '../../../engine/check.ts';
import { type ErrorCode, TuskError } from '../../../engine/errors.ts';
import { LIMITS, type Verb } from '../../../engine/protocol.ts';

const picture = { path: 'a.png' };
const ask = (content: unknown) => ({ messages: [{ role: 'user', content }] });

type Case = readonly [verb: Verb, params: unknown, code: ErrorCode, message: RegExp];

const REFUSED: readonly Case[] = [
  ['create', {}, 'bad-prompt', /prompt/],
  ['create', { prompt: '' }, 'bad-prompt', /prompt is empty/],
  ['create', { prompt: ' \n\t' }, 'bad-prompt', /prompt is empty/],
  ['create', { prompt: 7 }, 'bad-prompt', /prompt must be string/],
  ['create', { prompt: 'x'.repeat(2 ** 20) }, 'bad-prompt', /longer than/],
  ['create', { prompt: 'a\0b' }, 'bad-prompt', /NUL/],
  ['create', { prompt: 'a\ud800b' }, 'bad-prompt', /surrogate/],
  ['create', { prompt: 'a\udc00' }, 'bad-prompt', /surrogate/],
  ['create', { prompt: 'a', negative: '\0' }, 'bad-prompt', /negative/],
  ['create', { prompt: 'a', steps: 0 }, 'bad-setting', /steps must be at least 1/],
  ['create', { prompt: 'a', steps: 1e9 }, 'bad-setting', /steps must be at most 1000/],
  ['create', { prompt: 'a', steps: 1.5 }, 'bad-setting', /steps must be int/],
  ['create', { prompt: 'a', steps: Number.NaN }, 'bad-setting', /steps/],
  ['create', { prompt: 'a', steps: Number.POSITIVE_INFINITY }, 'bad-setting', /steps/],
  ['create', { prompt: 'a', steps: '8' }, 'bad-setting', /steps must be number/],
  ['create', { prompt: 'a', seed: -1 }, 'bad-setting', /seed must be at least 0/],
  ['create', { prompt: 'a', seed: 2 ** 53 + 2 }, 'bad-setting', /seed/],
  ['create', { prompt: 'a', seed: 0.5 }, 'bad-setting', /seed/],
  ['create', { prompt: 'a', size: { width: 1, height: 1 } }, 'bad-setting', /size.width must be at least 16/],
  ['create', { prompt: 'a', size: { width: 64, height: 20_000 } }, 'bad-setting', /size.height/],
  ['create', { prompt: 'a', size: { width: 64 } }, 'bad-setting', /size.height/],
  ['create', { prompt: 'a', size: 64 }, 'bad-setting', /size/],
  ['create', { prompt: 'a', images: 0 }, 'bad-setting', /images must be at least 1/],
  ['create', { prompt: 'a', images: 1e6 }, 'bad-setting', /images must be at most 16/],
  ['create', { prompt: 'a', guidance: -1 }, 'bad-setting', /guidance/],
  ['create', { prompt: 'a', guidance: Number.NaN }, 'bad-setting', /guidance/],
  ['create', { prompt: 'a', guidanceRange: [0, 2] }, 'bad-setting', /guidanceRange.1/],
  ['create', { prompt: 'a', sampling: { topP: 0 } }, 'bad-setting', /sampling.topP/],
  ['create', { prompt: 'a', grid: { rows: 100, columns: 8 } }, 'bad-setting', /grid.rows/],
  ['create', { prompt: 'a', colour: 'red' }, 'bad-request', /unknown setting "colour"/],
  ['create', { prompt: 'a', checkpoint: '' }, 'checkpoint-missing', /checkpoint/],
  ['create', null, 'bad-prompt', /prompt/],
  ['create', 'a red apple', 'bad-request', /create/],
  ['edit', { instruction: 'a' }, 'bad-picture', /pictures/],
  ['edit', { instruction: 'a', pictures: [] }, 'bad-picture', /pictures must hold at least 1/],
  ['edit', { instruction: 'a', pictures: Array(6).fill(picture) }, 'bad-picture', /at most 5/],
  ['edit', { instruction: 'a', pictures: [{}] }, 'bad-picture', /pictures/],
  ['edit', { instruction: 'a', pictures: [{ bytes: 'abc' }] }, 'bad-picture', /pictures/],
  ['edit', { instruction: '', pictures: [picture] }, 'bad-prompt', /instruction is empty/],
  ['edit', { instruction: 'a', pictures: [picture], size: { width: 64, height: 64 } }, 'bad-request', /size/],
  ['edit', { instruction: 'a', pictures: [picture], imageGuidance: 1e9 }, 'bad-setting', /imageGuidance/],
  ['chat', {}, 'bad-prompt', /messages/],
  ['chat', { messages: [] }, 'bad-prompt', /messages must hold at least 1/],
  ['chat', ask([]), 'bad-prompt', /content/],
  ['chat', ask([{ type: 'text', text: '' }]), 'bad-prompt', /text is empty/],
  ['chat', ask([{ type: 'video', path: 'a.mp4' }]), 'bad-prompt', /messages/],
  ['chat', { messages: [{ role: 'robot', content: [] }] }, 'bad-prompt', /role/],
  ['chat', { ...ask([{ type: 'text', text: 'a' }]), maxTokens: 0 }, 'bad-setting', /maxTokens/],
  ['verify', {}, 'bad-setting', /folder/],
  ['cancel', {}, 'bad-setting', /target/],
];

for (const [verb, params, code, message] of REFUSED) {
  const shown = (JSON.stringify(params) ?? 'nothing').slice(0, 60);
  test(`${verb} refuses ${shown}: ${message.source}`, () => {
    assert.throws(
      () => parseParams(verb, params),
      (thrown) => thrown instanceof TuskError && thrown.code === code && message.test(thrown.message),
    );
  });
}

test('what is left out gets its default', () => {
  const params = parseParams('create', { prompt: 'a red apple' });
  assert.deepEqual(params, { prompt: 'a red apple', images: 1, previews: true });
});

test('the limits themselves are allowed', () => {
  const prompt = 'x'.repeat(LIMITS.promptCharacters);
  const { min, max } = LIMITS.sidePixels;
  const params = { prompt, seed: LIMITS.seed, steps: LIMITS.steps, size: { width: min, height: max } };
  assert.equal(parseParams('create', params).seed, LIMITS.seed);
});

test('other scripts, emoji and markup are prompts like any other', () => {
  for (const prompt of ['赤いりんご', 'تفاحة حمراء', '🍎', '<b>**apple**</b>'])
    assert.equal(parseParams('create', { prompt }).prompt, prompt);
});
