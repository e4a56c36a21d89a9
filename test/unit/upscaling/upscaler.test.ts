import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import type { Picture } from '../../../engine/image/picture.ts';
import { loadUpscaler } from '../../../engine/load-upscaler.ts';
import { buildUpscaler } from '../../../engine/models/upscaler/graph.ts';
import { floatOutput, Session } from '../../../engine/runtime/session.ts';
import { floatTensor } from '../../../engine/runtime/tensor.ts';

const ONE_THREAD = { threads: 1 };
/** Of values 0..1; measured are 1.7e-6. */
const TOLERANCE = 1e-5;

for (const factor of [2, 4] as const)
  test(`x${factor} gives what the reference gives`, async () => {
    const reference = await Checkpoint.ofFile('test/unit/upscaling/reference.safetensors');
    const weights = await Checkpoint.ofFile('assets/upscaler/upscaler.safetensors');
    const picture = floatTensor(await reference.read('in.picture'), reference.shape('in.picture'));
    const session = await Session.create(buildUpscaler(weights, factor), ONE_THREAD);
    const { data, shape } = floatOutput(await session.run({ picture }), 'enlarged');
    const name = `out.x${factor}`;
    const expected = await reference.read(name);
    assert.deepEqual(shape, reference.shape(name));
    assert.ok(largestDifference(data, expected) < TOLERANCE, String(largestDifference(data, expected)));
    await session.dispose();
  });

/** Edges, ramps and noise. */
function busyPicture(width: number, height: number): Picture {
  let state = 1;
  const noise = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 26;
  };
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return ((x * (i % 3) + (y > x ? 120 : 0)) % 190) + noise();
  });
  return { width, height, pixels };
}

for (const factor of [2, 4] as const)
  test(`x${factor} in tiles is the whole within one grey level`, async () => {
    const upscaler = await loadUpscaler(factor, undefined, ONE_THREAD);
    const source = busyPicture(90, 61);
    const [whole, ...others] = await finished(upscaler.enlarge(source));
    assert.equal(others.length, 0);
    const tiled = await finished(upscaler.enlarge(source, undefined, 24));
    assert.equal(tiled.length, 12);
    assert.equal(largestDifference(tiled.at(-1)!.pixels, whole!.pixels) <= 1, true);
    assert.deepEqual([whole!.width, whole!.height], [90 * factor, 61 * factor]);
    await upscaler.dispose();
  });

test('it adds detail that repeating or blurring pixels does not have', async () => {
  const upscaler = await loadUpscaler(4, undefined, ONE_THREAD);
  const size = 32;
  // A slanted edge: enlarged well, its steps of four pixels are gone and it is still steep.
  const pixels = Uint8Array.from({ length: size * size * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % size, Math.floor(i / 3 / size)];
    return x + y / 3 < size / 2 ? 20 : 235;
  });
  const [enlarged] = await finished(upscaler.enlarge({ width: size, height: size, pixels }));
  const row = (y: number) =>
    Array.from({ length: size * 4 }, (_, x) => enlarged!.pixels[(y * size * 4 + x) * 3]!);
  const crossings = Array.from({ length: 40 }, (_, y) => row(y + 40).findIndex((level) => level > 127));
  assert.ok(new Set(crossings).size >= 10, 'the edge moves by pixels of the result');
  const steepest = Math.max(...row(60).map((level, x, all) => Math.abs(level - (all[x - 1] ?? level))));
  assert.ok(steepest > 60, `the edge is steep: ${steepest}`);
  await upscaler.dispose();
});

async function finished(steps: AsyncGenerator<{ picture: Picture }>): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for await (const { picture } of steps) pictures.push(picture);
  return pictures;
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
