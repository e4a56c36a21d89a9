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
];

for (const [message, hasPicture, intent] of MESSAGES) {
  test(`"${message}" ${hasPicture ? 'with' : 'without'} a picture: ${intent}`, () => {
    assert.equal(detectIntent(message, hasPicture), intent);
  });
}
