import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepLengths, timeFeatures, timesteps } from '../../../engine/diffusion/schedule.ts';

for (const [steps, rows, columns] of [
  [1, 8, 8],
  [7, 32, 32],
  [50, 128, 96],
] as const) {
  test(`${steps} steps of ${rows} x ${columns} go from 0 to 1 without turning back`, () => {
    const times = timesteps(steps, rows, columns);
    const lengths = stepLengths(times);
    assert.equal(times.length, steps);
    assert.equal(times[0], 0);
    assert.ok(lengths.every((length) => length > 0));
    assert.ok(Math.abs(lengths.reduce((sum, length) => sum + length, 0) - 1) < 1e-6);
  });
}

test('a picture of 40 x 40 latent pixels has even steps, a larger one lingers near the noise', () => {
  assert.deepEqual([...timesteps(4, 40, 40)], [0, 0.25, 0.5, 0.75]);
  const [small, large] = [timesteps(10, 20, 20), timesteps(10, 128, 128)];
  for (let i = 1; i < 10; i++) assert.ok(large[i]! < i / 10 && i / 10 < small[i]!);
});

test('time 0 has cosines of 1 and sines of 0, and the scale stretches time', () => {
  const { data, shape } = timeFeatures(Float32Array.of(0, 0.5), 1000);
  assert.deepEqual(shape, [2, 256]);
  assert.ok(data.subarray(0, 128).every((value) => value === 1));
  assert.ok(data.subarray(128, 256).every((value) => value === 0));
  assert.ok(Math.abs(data[256]! - Math.cos(500)) < 1e-6);
});
