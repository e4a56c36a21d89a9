import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectIntent, type Intent } from '../../../engine/intent.ts';

const MESSAGES: readonly (readonly [message: string, hasPicture: boolean, intent: Intent])[] = [
  ['draw a red apple', false, 'create'],
  ['Make me a blue car', true, 'create'],
  ['make the car blue', true, 'edit'],
  ['make it green', true, 'edit'],
  ['please remove the dog', true, 'edit'],
  ['remove the dog', false, 'ask'],
  ['change the background to red', true, 'edit'],
  ['what is in the picture?', true, 'ask'],
  ['is the car red', true, 'ask'],
  ['can you draw?', true, 'ask'],
  ['paint a house', false, 'create'],
  ['a red apple in snow', false, 'create'],
  ['two blue cars', true, 'create'],
  ['a red apple?', false, 'ask'],
  ['can you draw a red apple?', false, 'create'],
  ['Could you please make me a blue car?', true, 'create'],
  ['would you make the car blue?', true, 'edit'],
  ['can you change the background to red?', true, 'edit'],
  ["I'd like you to paint a house", false, 'create'],
  ['I want a cat', true, 'create'],
  ['ok, now make it green', true, 'edit'],
  ['Can you see the car?', true, 'ask'],
  ['could you be wrong?', true, 'ask'],
  ['I want to know what this is', true, 'ask'],
  ['will the apple fall?', true, 'ask'],
];

test('a message as long as may be typed is decided at once', () => {
  for (const [start, filling] of [
    ['make', ' '],
    ['can you', ' now'],
    ['ok ', 'ok '],
    ['', '?'],
  ] as const)
    assert.ok(detectIntent(`${start}${filling.repeat(1_000_000 / filling.length)}x`, true));
});

for (const [message, hasPicture, intent] of MESSAGES) {
  test(`"${message}" ${hasPicture ? 'with' : 'without'} a picture: ${intent}`, () => {
    assert.equal(detectIntent(message, hasPicture), intent);
  });
}
