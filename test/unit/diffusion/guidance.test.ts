import assert from 'node:assert/strict';
import { test } from 'node:test';
import { branchesOf, guidanceOfSteps, guide } from '../../../engine/diffusion/guidance.ts';
import { floatTensor } from '../../../engine/runtime/tensor.ts';

const forwards = (steps: number, text: number, image: number, range: [number, number]) =>
  guidanceOfSteps(steps, { text, image, range }).map((scales) => branchesOf(scales).length);

test('guidance ends with its range and never comes back', () => {
  assert.deepEqual(forwards(6, 4, 1.5, [0, 0.5]), [3, 3, 3, 3, 1, 1]);
  assert.deepEqual(forwards(4, 4, 1, [0, 1]), [2, 2, 2, 2]);
});

test('a range that starts above 0 means no guidance at all', () => {
  assert.deepEqual(forwards(6, 4, 2, [0.2, 0.8]), [1, 1, 1, 1, 1, 1]);
});

test('image guidance without text guidance does nothing', () => {
  assert.deepEqual(forwards(2, 1, 3, [0, 1]), [1, 1]);
});

const velocity = (...values: number[]) => floatTensor(values, [values.length]);

test('velocities combine by the two formulas', () => {
  const [c, r, u] = [velocity(3, -1), velocity(2, 0), velocity(1, 4)];
  assert.deepEqual([...guide([c], { text: 1, image: 1 }).data], [3, -1]);
  assert.deepEqual([...guide([c, u], { text: 5, image: 1 }).data], [1 + 5 * 2, 4 + 5 * -5]);
  assert.deepEqual(
    [...guide([c, r, u], { text: 5, image: 2 }).data],
    [1 + 2 * 1 + 5 * 1, 4 + 2 * -4 + 5 * -1],
  );
});
