/** The solver on the real networks of the parity checkpoint alpha. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import { readConfig } from '../../../engine/checkpoint/config.ts';
import { RandomStream } from '../../../engine/decoding/random.ts';
import type { Condition, DiffusionModel } from '../../../engine/diffusion/model.ts';
import { toPatches } from '../../../engine/diffusion/patches.ts';
import { positionsOf, rotationTable } from '../../../engine/diffusion/rotation.ts';
import { sliceOf } from '../../../engine/diffusion/rows.ts';
import { stepLengths, timesteps } from '../../../engine/diffusion/schedule.ts';
import { CancelledError, TuskError } from '../../../engine/errors.ts';
import { loadDiffusionModel } from '../../../engine/load-diffusion.ts';
import { floatOutput } from '../../../engine/runtime/session.ts';
import { elementCount, type FloatTensor, floatTensor } from '../../../engine/runtime/tensor.ts';

const STATE_WIDTH = 64;
const SIZE = { rows: 8, columns: 12 };

let model: DiffusionModel;
before(async () => {
  const checkpoint = await Checkpoint.open('test/parity/alpha/checkpoint');
  model = await loadDiffusionModel(checkpoint, await readConfig(checkpoint), { threads: 1 });
});
after(() => model.dispose());

const normal = (seed: number, shape: number[]): FloatTensor =>
  floatTensor(new RandomStream(seed, 1).normals(elementCount(shape)), shape);

const condition: Condition = {
  text: normal(1, [6, STATE_WIDTH]),
  image: normal(2, [9, STATE_WIDTH]),
  negative: normal(3, [4, STATE_WIDTH]),
};
const noise = normal(7, [1, 4, SIZE.rows, SIZE.columns]);
const references = [normal(8, [1, 4, 8, 4]), normal(9, [1, 4, 4, 4])];

function assertClose(actual: FloatTensor, expected: FloatTensor, tolerance: number): void {
  assert.deepEqual(actual.shape, expected.shape);
  const scale = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = actual.data.reduce((most, v, i) => Math.max(most, Math.abs(v - expected.data[i]!)), 0);
  assert.ok(worst <= tolerance * scale, `they differ by ${worst / scale}`);
}

/** Everything computed anew for one branch at one time, as if nothing were kept. */
async function velocityAlone(own: Condition, pictures: FloatTensor[], latents: FloatTensor, time: number) {
  const picture = await model.prepare(own, pictures, SIZE);
  const step = await picture.beginStep(latents, await picture.modulate(Float32Array.of(time)), 0);
  return picture.velocity('conditional', step);
}

test('keeping what no step changes gives what computing everything anew gives', async () => {
  const settings = { noise, steps: 3, textGuidance: 4, imageGuidance: 1.5 };
  const picture = await model.prepare(condition, references, SIZE);
  const kept: FloatTensor[] = [];
  for await (const { latents, forwards } of picture.denoise(settings)) {
    kept.push(latents);
    assert.equal(forwards, 3);
  }
  const times = timesteps(3, SIZE.rows, SIZE.columns);
  const negative = { text: condition.negative! };
  let latents = noise;
  for (const [i, length] of stepLengths(times).entries()) {
    const c = await velocityAlone(condition, references, latents, times[i]!);
    const r = await velocityAlone(negative, references, latents, times[i]!);
    const u = await velocityAlone(negative, [], latents, times[i]!);
    const data = latents.data.map((x, j) => {
      const guided = u.data[j]! + 1.5 * (r.data[j]! - u.data[j]!) + 4 * (c.data[j]! - r.data[j]!);
      return x + length * guided;
    });
    latents = { ...latents, data };
    assertClose(kept[i]!, latents, 1e-5);
  }
});

test('noise refined at any shift is the same, so branches can share it', async () => {
  const grid = { rows: 4, columns: 6 };
  const modulation = await model.modulate(Float32Array.of(0.3));
  const refined = async (textTokens: number) => {
    const positions = positionsOf(textTokens, [grid]).slice(textTokens);
    const outputs = await model.sessions.noiseRefiner.run({
      patches: toPatches(noise, model.sizes.patch),
      modulation: sliceOf(modulation.noise_refiner!, 0),
      ...rotationTable(positions, model.sizes),
    });
    return floatOutput(outputs, 'refined');
  };
  assertClose(await refined(37), await refined(0), 1e-5);
});

test('equal noise gives equal latents, other noise gives others', async () => {
  const last = async (start: FloatTensor) => {
    const picture = await model.prepare(condition, [], SIZE);
    let latents = start;
    const settings = { noise: start, steps: 2, textGuidance: 1, imageGuidance: 1 };
    for await (const step of picture.denoise(settings)) latents = step.latents;
    return latents.data;
  };
  assert.deepEqual(await last(noise), await last(noise));
  assert.notDeepEqual(await last(noise), await last(normal(8, [...noise.shape])));
});

test('the estimate of the last step is the result', async () => {
  const picture = await model.prepare(condition, [], SIZE);
  const settings = { noise, steps: 2, textGuidance: 3, imageGuidance: 1 };
  for await (const { step, steps, latents, estimate, forwards } of picture.denoise(settings)) {
    assert.equal(forwards, 2);
    if (step === steps) assertClose(estimate, latents, 1e-6);
    else assert.notDeepEqual(estimate.data, latents.data);
  }
});

test('a cancelled run stops before the next step', async () => {
  const picture = await model.prepare(condition, references, SIZE);
  const controller = new AbortController();
  const { signal } = controller;
  const seen: number[] = [];
  const run = async () => {
    const settings = { noise, steps: 5, textGuidance: 4, imageGuidance: 2, signal };
    for await (const { step } of picture.denoise(settings)) {
      seen.push(step);
      if (step === 2) controller.abort();
    }
  };
  await assert.rejects(run, CancelledError);
  assert.deepEqual(seen, [1, 2]);
});

test('a state that is not a number names its step', async () => {
  const picture = await model.prepare(condition, [], SIZE);
  const broken = { ...noise, data: noise.data.map((value, i) => (i === 5 ? Number.NaN : value)) };
  const run = async () => {
    const settings = { noise: broken, steps: 3, textGuidance: 1, imageGuidance: 1 };
    for await (const _ of picture.denoise(settings)) assert.fail('the step was given out');
  };
  await assert.rejects(
    run,
    (error) => error instanceof TuskError && error.code === 'non-finite' && /step 1 of 3/.test(error.message),
  );
});

const REFUSED: readonly (readonly [what: string, attempt: () => Promise<unknown>])[] = [
  ['six references', () => model.prepare(condition, Array(6).fill(references[0]), SIZE)],
  ['a size that is no whole number of patches', () => model.prepare(condition, [], { rows: 7, columns: 8 })],
  ['a size of nothing', () => model.prepare(condition, [], { rows: 0, columns: 8 })],
  ['a reference of odd size', () => model.prepare(condition, [normal(1, [1, 4, 3, 4])], SIZE)],
  [
    'more text than positions',
    async () => {
      const picture = await model.prepare({ text: normal(1, [601, STATE_WIDTH]) }, [], SIZE);
      await picture.denoise({ noise, steps: 1, textGuidance: 1, imageGuidance: 1 }).next();
    },
  ],
];

for (const [what, attempt] of REFUSED) {
  test(`${what}: refused`, async () => {
    await assert.rejects(attempt, (error) => error instanceof TuskError && error.code === 'bad-setting');
  });
}
