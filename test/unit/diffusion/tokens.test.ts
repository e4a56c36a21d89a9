import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromPatches, toPatches } from '../../../engine/diffusion/patches.ts';
import { positionsOf, rotationTable } from '../../../engine/diffusion/rotation.ts';
import { TuskError } from '../../../engine/errors.ts';
import { floatTensor } from '../../../engine/runtime/tensor.ts';

const counted = (shape: number[]) => {
  const size = shape.reduce((n, d) => n * d, 1);
  return floatTensor(
    Float32Array.from({ length: size }, (_, i) => i),
    shape,
  );
};

test('a patch lists its pixels row by row, each with its channels', () => {
  const patches = toPatches(counted([1, 2, 4, 6]), 2);
  assert.deepEqual(patches.shape, [6, 8]);
  assert.deepEqual([...patches.data.subarray(0, 8)], [0, 24, 1, 25, 6, 30, 7, 31]);
  assert.deepEqual([...patches.data.subarray(8, 10)], [2, 26]);
});

for (const [shape, edge] of [
  [[1, 2, 4, 6], 2],
  [[1, 3, 8, 4], 4],
  [[1, 5, 3, 2], 1],
] as const) {
  test(`patches of ${edge} put [${shape}] together again`, () => {
    const latents = counted([...shape]);
    assert.deepEqual(fromPatches(toPatches(latents, edge), shape, edge), latents);
  });
}

test('text counts on all axes, each picture shifts the next by its longer side', () => {
  const positions = positionsOf(2, [
    { rows: 1, columns: 3 },
    { rows: 2, columns: 1 },
  ]);
  assert.deepEqual(positions, [
    [0, 0, 0],
    [1, 1, 1],
    [2, 0, 0],
    [2, 0, 1],
    [2, 0, 2],
    [5, 0, 0],
    [5, 1, 0],
  ]);
});

const AXES = { axes: [4, 2, 2], axesLengths: [10, 4, 4] } as const;

test('angles are position / 10000^(2 j / size), axis after axis', () => {
  const { cos, sin } = rotationTable([[9, 2, 3]], AXES);
  const angles = [9, 9 / 100, 2, 3];
  assert.deepEqual(cos.shape, [1, 4]);
  for (const [i, angle] of angles.entries()) {
    assert.equal(cos.data[i], Math.fround(Math.cos(angle)));
    assert.equal(sin.data[i], Math.fround(Math.sin(angle)));
  }
});

test('a position the checkpoint does not have is refused', () => {
  assert.throws(
    () => rotationTable([[3, 4, 0]], AXES),
    (error) => error instanceof TuskError && error.code === 'bad-setting',
  );
});
