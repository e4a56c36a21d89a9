import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TuskError } from '../../../engine/errors.ts';
import { referenceInput, visualTokenizerInput } from '../../../engine/image/generation-input.ts';
import { fromPlanes } from '../../../engine/image/planes.ts';
import { parseProcessorConfig, visionInput } from '../../../engine/image/vision-input.ts';
import { floatTensor } from '../../../engine/runtime/tensor.ts';
import { pattern } from './files.ts';

test('a picture that fits survives the way to the VAE and back', () => {
  const picture = pattern(64, 48);
  const { planes } = referenceInput(picture);
  assert.deepEqual(planes.shape, [1, 3, 48, 64]);
  assert.deepEqual(fromPlanes(planes), picture);
  assert.deepEqual(fromPlanes(visualTokenizerInput(pattern(28, 42)).planes), pattern(28, 42));
});

test('values beyond the range are clamped, those without a number refused', () => {
  const planes = floatTensor([-3, 0.2, 3], [1, 3, 1, 1]);
  assert.deepEqual([...fromPlanes(planes).pixels], [0, 153, 255]);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const broken = floatTensor([0, value, 0], [1, 3, 1, 1]);
    const isNonFinite = (error: unknown) => error instanceof TuskError && error.code === 'non-finite';
    assert.throws(() => fromPlanes(broken), isNonFinite);
  }
});

test('patches are ordered by merged block, with a value range of their channel', () => {
  const config = parseProcessorConfig({
    size: { shortest_edge: 1, longest_edge: 1e6 },
    patch_size: 28,
    temporal_patch_size: 3,
    image_mean: [0, 0.5, 0.5],
    image_std: [1, 0.5, 0.5],
  });
  const picture = pattern(112, 56);
  const { pixelValues, grid, tokens } = visionInput(picture, config);
  assert.deepEqual([grid, tokens, pixelValues.shape], [[1, 2, 4], 2, [8, 3 * 3 * 28 * 28]]);
  const corners = [0, 1, 2, 3, 4].map((row) => Math.round(pixelValues.data[row * 3 * 3 * 28 * 28]! * 255));
  const at = (x: number, y: number) => picture.pixels[(y * 112 + x) * 3];
  assert.deepEqual(corners, [at(0, 0), at(28, 0), at(0, 28), at(28, 28), at(56, 0)]);
  const frame = (index: number) => pixelValues.data.slice(index * 784, (index + 1) * 784);
  assert.deepEqual(frame(1), frame(0));
  assert.deepEqual(frame(2), frame(0));
});

test('a processor that works otherwise is refused by its key', () => {
  for (const [key, value] of Object.entries({ resample: 2, do_normalize: false, patch_size: 0 })) {
    assert.throws(
      () => parseProcessorConfig({ [key]: value }),
      (error: unknown) =>
        error instanceof TuskError && error.code === 'checkpoint-unsupported' && error.message.includes(key),
    );
  }
});
