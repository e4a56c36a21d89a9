import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberOption, parseCommand, sizeOption, UsageError } from '../../../engine/cli/arguments.ts';

test('words before and after options are the prompt', () => {
  const parsed = parseCommand('create', ['--steps', '4', 'a red apple', '--out', 'p.png']);
  assert.deepEqual(parsed.positionals, ['a red apple']);
  assert.equal(numberOption(parsed, 'steps'), 4);
});

test('a negative number is a value, so that the protocol can refuse it by name', () => {
  assert.equal(numberOption(parseCommand('create', ['--seed', '-1']), 'seed'), -1);
});

test('one number is a square, two are width and height', () => {
  const size = (text: string) => sizeOption(parseCommand('create', ['--size', text]));
  assert.deepEqual(size('256'), { width: 256, height: 256 });
  assert.deepEqual(size('256x192'), { width: 256, height: 192 });
});

const WRONG: readonly (readonly string[])[] = [
  ['--unknown'],
  ['--steps'],
  ['--steps', '--seed', '1'],
  ['--json=yes'],
];
for (const words of WRONG) {
  test(`refuses ${words.join(' ')}`, () => {
    assert.throws(() => parseCommand('create', words), UsageError);
  });
}

for (const text of ['many', '', '1,5']) {
  test(`--steps "${text}" is no number`, () => {
    assert.throws(() => numberOption(parseCommand('create', [`--steps=${text}`]), 'steps'), UsageError);
  });
}

for (const text of ['big', '256x', 'x256', '-1', '12345678901']) {
  test(`--size ${text} is no size`, () => {
    assert.throws(() => sizeOption(parseCommand('create', [`--size=${text}`])), UsageError);
  });
}
