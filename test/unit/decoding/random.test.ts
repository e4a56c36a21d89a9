import assert from 'node:assert/strict';
import { test } from 'node:test';
import { philox4x32, RandomStream, STREAMS } from '../../../engine/decoding/random.ts';

const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, '0')).join(' ');

/** Of the authors' Random123 distribution (kat_vectors, philox4x32 10). */
const KNOWN_ANSWERS = [
  [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    '408f276d 41c83b0e a20bc7c6 6d5451fd',
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    'd16cfe09 94fdcceb 5001e420 24126ea1',
  ],
] as const;

for (const [counter, key, expected] of KNOWN_ANSWERS) {
  test(`Philox4x32-10 of counter ${hex(counter)} gives the published words`, () => {
    assert.equal(hex(philox4x32(counter, key)), expected);
  });
}

const take = (seed: number, stream: number, count: number) => {
  const source = new RandomStream(seed, stream);
  return Array.from({ length: count }, source.uniform);
};

test('a seed and stream always give the same numbers, another seed or stream others', () => {
  assert.deepEqual(take(7, STREAMS.plan, 9), take(7, STREAMS.plan, 9));
  const firsts = [
    take(7, STREAMS.plan, 1),
    take(7, STREAMS.noise, 1),
    take(8, STREAMS.plan, 1),
    take(7 + 2 ** 32, STREAMS.plan, 1),
    take(2 ** 53 - 1, STREAMS.plan, 1),
  ];
  assert.equal(new Set(firsts.flat()).size, firsts.length);
});

test('uniform numbers fill 0..1 evenly', () => {
  const counts = new Array<number>(10).fill(0);
  for (const value of take(1, STREAMS.plan, 20_000)) {
    assert.ok(value >= 0 && value < 1);
    counts[Math.floor(value * 10)]! += 1;
  }
  for (const count of counts) assert.ok(Math.abs(count - 2_000) < 200, `a tenth got ${count}`);
});

test('normal numbers have mean 0, variance 1 and both tails, for odd counts too', () => {
  const values = new RandomStream(3, STREAMS.noise).normals(40_001);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  assert.ok(Math.abs(mean) < 0.02, `mean ${mean}`);
  assert.ok(Math.abs(variance - 1) < 0.03, `variance ${variance}`);
  const beyondTwo = values.filter((value) => Math.abs(value) > 2).length / values.length;
  assert.ok(Math.abs(beyondTwo - 0.0455) < 0.005, `beyond two: ${beyondTwo}`);
});
