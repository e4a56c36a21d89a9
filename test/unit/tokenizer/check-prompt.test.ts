import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPrompt } from '../../../engine/tokenizer/check-prompt.ts';
import { isError } from './files.ts';

test('a prompt in any script comes back as it is', () => {
  for (const prompt of ['a red boat', '一只小猫 😀', ' صورة قارب\n', '\u202eright to left', '<b>**x**</b>']) {
    assert.equal(checkPrompt(prompt, 100), prompt);
  }
});

test('what can not go to the model is refused in plain words', () => {
  const bad: [string, RegExp][] = [
    ['', /empty/],
    [' \n\t', /empty/],
    ['a'.repeat(2 ** 20), /1,048,576 characters; at most 100/],
    ['a\0b', /NUL character at position 2/],
    ['a\ud83d', /half a character .* position 2/],
    ['\ude00a', /half a character .* position 1/],
  ];
  for (const [prompt, words] of bad) {
    assert.throws(() => checkPrompt(prompt, 100), isError('bad-prompt', words));
  }
});
