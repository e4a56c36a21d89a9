import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressLine } from '../../../engine/cli/progress.ts';

test('the line says stage, rate and time left in the stage', () => {
  let now = 0;
  const line = new ProgressLine(process.stderr, () => now);
  const step = (number: number) => line.describe({ event: 'step', image: 0, step: number, steps: 10 });
  assert.equal(step(1), 'painting, step 1 of 10');
  now = 2_000;
  assert.equal(step(5), 'painting, step 5 of 10, 2.0 steps/s, 3 s left in this stage');
});

test('a new stage starts its clock anew', () => {
  let now = 0;
  const line = new ProgressLine(process.stderr, () => now);
  line.describe({ event: 'plan', image: 0, row: 8, rows: 8 });
  now = 60_000;
  line.describe({ event: 'step', image: 0, step: 1, steps: 3 });
  now = 61_000;
  assert.match(line.describe({ event: 'step', image: 0, step: 2, steps: 3 })!, /1\.0 steps\/s, 1 s left/);
});

test('text and finished cases are no progress', () => {
  assert.equal(new ProgressLine(process.stderr).describe({ event: 'text', delta: 'a' }), undefined);
});
