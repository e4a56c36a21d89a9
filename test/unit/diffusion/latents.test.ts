/** The VAE of the parity checkpoint alpha. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import { readConfig } from '../../../engine/checkpoint/config.ts';
import { RandomStream } from '../../../engine/decoding/random.ts';
import type { VaeDecoder, VaeEncoder } from '../../../engine/diffusion/latents.ts';
import { LatentColours } from '../../../engine/diffusion/previews.ts';
import { TuskError } from '../../../engine/errors.ts';
import { loadVaeDecoder, loadVaeEncoder } from '../../../engine/load-diffusion.ts';
import { floatTensor } from '../../../engine/runtime/tensor.ts';

let encoder: VaeEncoder;
let decoder: VaeDecoder;
before(async () => {
  const checkpoint = await Checkpoint.open('test/parity/alpha/checkpoint');
  const config = await readConfig(checkpoint);
  encoder = await loadVaeEncoder(checkpoint, config, { threads: 1 });
  decoder = await loadVaeDecoder(checkpoint, config, { threads: 1 });
});
after(() => Promise.all([encoder.dispose(), decoder.dispose()]));

const LATENTS = [1, 4, 3, 5];
const normal = (seed: number, shape: number[]) =>
  floatTensor(new RandomStream(seed, 1).normals(shape.reduce((n, d) => n * d, 1)), shape);

test('no noise is the mode, noise moves the latents by the deviation', async () => {
  const image = normal(1, [1, 3, 24, 40]);
  const posterior = await encoder.posterior(image);
  const mode = await encoder.encode(image);
  assert.deepEqual(mode.shape, LATENTS);
  assert.deepEqual(mode.data, encoder.sample(posterior).data);
  const ones = floatTensor(new Float32Array(60).fill(1), LATENTS);
  const sample = encoder.sample(posterior, ones);
  for (let i = 0; i < 60; i++) {
    const deviation = Math.exp(0.5 * posterior.logVariance.data[i]!) * encoder.sizes.scale;
    assert.ok(Math.abs(sample.data[i]! - mode.data[i]! - deviation) < 1e-5);
  }
});

test('a preview has a pixel for each latent pixel and is the same each time', async () => {
  const latents = normal(2, LATENTS);
  const fit = () => LatentColours.fit(decoder.sizes, (squares) => decoder.decode(squares));
  const preview = (await fit()).render(latents);
  assert.deepEqual(preview.shape, [1, 3, 3, 5]);
  assert.deepEqual((await fit()).render(latents), preview);
  assert.deepEqual((await decoder.decode(latents)).shape, [1, 3, 24, 40]);
});

test('latents and pictures that are not numbers are found', async () => {
  const bad = (shape: number[]) => {
    const tensor = normal(3, shape);
    tensor.data[7] = Number.NaN;
    return tensor;
  };
  const nonFinite = (error: unknown) => error instanceof TuskError && error.code === 'non-finite';
  await assert.rejects(() => decoder.decode(bad(LATENTS)), nonFinite);
  await assert.rejects(() => encoder.encode(bad([1, 3, 24, 40])), nonFinite);
});
