import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leastSquares } from '../../../engine/diffusion/least-squares.ts';
import { LatentColours } from '../../../engine/diffusion/previews.ts';
import { type FloatTensor, floatTensor } from '../../../engine/runtime/tensor.ts';

const close = (a: number, b: number, tolerance: number) =>
  assert.ok(Math.abs(a - b) < tolerance, `${a} is not ${b}`);

test('the map of exactly linear samples is found', () => {
  const map = [
    [2, -1],
    [0.5, 3],
    [-4, 0.25],
  ];
  const inputs = Array.from({ length: 20 }, (_, i) => [Math.sin(i), Math.cos(2 * i), 1]);
  const outputs = inputs.map((x) => [0, 1].map((m) => x.reduce((sum, v, n) => sum + v * map[n]![m]!, 0)));
  for (const [i, value] of leastSquares(inputs, outputs).entries()) {
    close(value, map.flat()[i]!, 1e-4);
  }
});

test('an input that never varies leaves the map finite', () => {
  const map = leastSquares(
    [
      [1, 0],
      [2, 0],
    ],
    [[2], [4]],
  );
  close(map[0]!, 2, 1e-4);
  assert.equal(map[1], 0);
});

test('the colours of a linear decoder are found again', async () => {
  const sizes = { latentChannels: 5, pixels: 2 };
  const weights = Array.from({ length: 3 }, (_, colour) =>
    Array.from({ length: 6 }, (_, c) => Math.cos(colour * 7 + c)),
  );
  const decode = async ({ data, shape }: FloatTensor) => {
    const [rows, columns] = [shape[2]! * 2, shape[3]! * 2];
    const image = Float32Array.from({ length: 3 * rows * columns }, (_, i) => {
      const [colour, y, x] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
      const at = (c: number) => data[(c * shape[2]! + (y >> 1)) * shape[3]! + (x >> 1)]!;
      return [0, 1, 2, 3, 4].reduce((sum, c) => sum + at(c) * weights[colour]![c]!, weights[colour]![5]!);
    });
    return floatTensor(image, [1, 3, rows, columns]);
  };
  const colours = await LatentColours.fit(sizes, decode);
  const latents = floatTensor(
    Float32Array.from({ length: 5 * 6 }, (_, i) => Math.sin(i)),
    [1, 5, 2, 3],
  );
  const image = colours.render(latents);
  assert.deepEqual(image.shape, [1, 3, 2, 3]);
  for (let i = 0; i < 18; i++) {
    const [colour, pixel] = [Math.floor(i / 6), i % 6];
    const expected = [0, 1, 2, 3, 4].reduce(
      (sum, c) => sum + latents.data[c * 6 + pixel]! * weights[colour]![c]!,
      weights[colour]![5]!,
    );
    close(image.data[i]!, expected, 1e-3);
  }
});
