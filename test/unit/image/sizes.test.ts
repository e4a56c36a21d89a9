import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resize } from '../../../engine/image/resize.ts';
import { fetchSize, processorSize, roundHalfEven, vaeSize } from '../../../engine/image/sizes.ts';
import { isBadPicture, pattern } from './files.ts';

const size = (height: number, width: number) => ({ height, width });

test('halves round to even', () => {
  assert.deepEqual([0.5, 1.5, 2.5, -0.5, 2.4, 2.6].map(roundHalfEven).map(Math.abs), [0, 2, 2, 0, 2, 3]);
  assert.deepEqual(fetchSize(size(42, 70), 28), size(56, 56));
});

test('the first resize keeps one factor when rounding and may reach nothing when limiting', () => {
  assert.deepEqual(fetchSize(size(1, 150), 28), size(28, 140));
  assert.deepEqual(fetchSize(size(10, 2000), 16, { max: 1024 }), size(0, 448));
});

test('the second one grows a side that rounds to nothing and keeps one factor when limiting', () => {
  assert.deepEqual(processorSize(size(10, 100), 32, { min: 1024, max: 4096 }), size(32, 128));
  assert.deepEqual(processorSize(size(20, 2000), 32, { min: 1024, max: 4096 }), size(32, 640));
});

test('the VAE never enlarges and keeps to a million pixels and 2048 a side', () => {
  assert.deepEqual(vaeSize(size(20, 20)), size(16, 16));
  assert.deepEqual(vaeSize(size(2048, 2048)), size(1024, 1024));
  assert.deepEqual(vaeSize(size(100, 4096)), size(48, 2048));
});

test('a picture too long and thin is refused', () => {
  assert.throws(() => fetchSize(size(1, 201), 28), isBadPicture(/1 pixels, more than|201 x 1/));
  assert.throws(() => processorSize(size(65_535, 1), 32, { min: 1, max: 2 }), isBadPicture(/1 x 65535/));
  assert.throws(() => resize(pattern(4, 4), size(0, 448), 'bicubic'), isBadPicture(/long and thin/));
});
