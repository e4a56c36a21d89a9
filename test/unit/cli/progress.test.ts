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

/** What a terminal, or no terminal, would have been sent. */
function recorder(isTTY: boolean) {
  const shown: string[] = [];
  const write = (text: string) => shown.push(text) > 0;
  return { output: { isTTY, write }, text: () => shown.join('') };
}

test('on a terminal the line is gone before an answer begins and is not cleared after it', () => {
  const { output, text } = recorder(true);
  const line = new ProgressLine(output);
  line.show({ event: 'reading', tokens: 3, pictures: 0 });
  line.show({ event: 'text', delta: 'a' });
  output.write('an apple');
  line.clear();
  assert.ok(text().endsWith('\r\u001b[2Kan apple'), JSON.stringify(text()));
});

test('without a terminal nothing is written', () => {
  const { output, text } = recorder(false);
  const line = new ProgressLine(output);
  line.show({ event: 'decoding', image: 0 });
  line.clear();
  assert.equal(text(), '');
});
