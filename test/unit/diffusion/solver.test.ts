/** The second-order solver on an equation whose solution is known: y' = -y from 1. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Solver } from '../../../engine/choices.ts';
import { advance, effectiveVelocity } from '../../../engine/diffusion/solver.ts';
import { type FloatTensor, floatTensor } from '../../../engine/runtime/tensor.ts';

/** Error at time 1 with steps of which the last is twice as long as the first. */
function errorOf(solver: Solver, steps: number): number {
  const weights = Array.from({ length: steps }, (_, i) => 1 + i / steps);
  const total = weights.reduce((sum, w) => sum + w, 0);
  const lengths = weights.map((w) => w / total);
  let state = floatTensor([1], [1]);
  let previous: FloatTensor | undefined;
  for (const [i, length] of lengths.entries()) {
    const velocity = floatTensor([-state.data[0]!], [1]);
    const ratio = length / (lengths[i - 1] ?? length);
    state = advance(state, effectiveVelocity(solver, velocity, previous, ratio), length);
    previous = velocity;
  }
  return Math.abs(state.data[0]! - Math.exp(-1));
}

test('halving the steps costs Euler twice, the second-order solver four times the error', () => {
  const growth = (solver: Solver) => errorOf(solver, 20) / errorOf(solver, 40);
  assert.ok(Math.abs(growth('euler') - 2) < 0.2, `euler: ${growth('euler')}`);
  assert.ok(Math.abs(growth('second-order') - 4) < 0.6, `second-order: ${growth('second-order')}`);
});

test('ten steps of second order are nearer than twenty of Euler', () => {
  assert.ok(errorOf('second-order', 10) < errorOf('euler', 20) / 2);
});
