/** The tiny decoder against the recipe's own, and pictures that are made with it. */
import assert from 'node:assert/strict';
import { copyFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import { TINY_DECODER_FILE } from '../../../engine/checkpoint/weight-files.ts';
import { create } from '../../../engine/create.ts';
import { decodePicture } from '../../../engine/image/decode.ts';
import { Model } from '../../../engine/load.ts';
import type { VaeSizes } from '../../../engine/models/vae/config.ts';
import { buildTinyDecoder } from '../../../engine/models/vae/tiny-decoder.ts';
import { type ParamsInput, VERBS } from '../../../engine/protocol.ts';
import { floatOutput, Session } from '../../../engine/runtime/session.ts';
import { floatTensor } from '../../../engine/runtime/tensor.ts';
import { Workbench } from '../../../engine/workbench.ts';
import { INTACT } from '../../helpers/checkpoint-folder.ts';

const CASE = 'test/unit/tiny-decoder/case.safetensors';
const ONE_THREAD = { threads: 1 };
/** Of values up to 4; measured are 1e-6. */
const TOLERANCE = 1e-5;
/** Grey levels on average, of the pictures' 255; measured are 1.1. */
const NEAR = 3;

test('it gives what the network it was learned in gives', async () => {
  const reference = await Checkpoint.ofFile(CASE);
  const sizes = { latentChannels: 3, pixels: 8 } as VaeSizes;
  const session = await Session.create(buildTinyDecoder(reference, sizes), ONE_THREAD);
  const latents = floatTensor(await reference.read('in.latents'), reference.shape('in.latents'));
  const { data, shape } = floatOutput(await session.run({ latents }), 'image');
  assert.deepEqual(shape, reference.shape('out.image'));
  const expected = await reference.read('out.image');
  const difference = data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  assert.ok(difference < TOLERANCE, `${difference}`);
  await session.dispose();
});

test('one of another VAE is refused by name', async () => {
  const reference = await Checkpoint.ofFile(CASE);
  const sizes = { latentChannels: 3, pixels: 16 } as VaeSizes;
  assert.throws(() => buildTinyDecoder(reference, sizes), {
    code: 'checkpoint-damaged',
    message: /tiny_decoder/,
  });
});

async function painted(bench: Workbench, settings: Partial<ParamsInput<'create'>>) {
  const asked = { prompt: 'a red apple', steps: 4, seed: 5, previews: false, ...settings };
  const context = { emit: () => {}, signal: new AbortController().signal };
  const [made] = (await create(bench, VERBS.create.params.parse(asked), context)).pictures;
  return { recipe: made!.recipe, ...(await decodePicture(made!.picture.bytes)) };
}

test('pictures of the embedded model come out near those of its VAE, say so, and both decoders live side by side', async () => {
  const bench = new Workbench(await Model.open(Model.resolve(undefined), ONE_THREAD));
  const exact = await painted(bench, {});
  const tiny = await painted(bench, { decoder: 'tiny' });
  const again = await painted(bench, { preset: 'best' });
  await bench.dispose();
  assert.deepEqual([exact.recipe.decoder, tiny.recipe.decoder], ['vae', 'tiny']);
  assert.deepEqual(again.pixels, exact.pixels);
  const sum = tiny.pixels.reduce((total, value, i) => total + Math.abs(value - exact.pixels[i]!), 0);
  const mean = sum / tiny.pixels.length;
  assert.ok(mean > 0 && mean < NEAR, `they differ by ${mean}`);
});

test('a checkpoint without one uses its VAE for every preset; a foreign one is named, and leaves best as it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tusk-tiny-'));
  await cp(INTACT, folder, { recursive: true });
  const without = new Workbench(await Model.open(folder, ONE_THREAD));
  const { recipe } = await painted(without, { preset: 'balanced', steps: 1 });
  assert.equal(recipe.decoder, 'vae');
  await without.dispose();
  await copyFile(CASE, join(folder, TINY_DECODER_FILE));
  const foreign = new Workbench(await Model.open(folder, ONE_THREAD));
  await assert.rejects(painted(foreign, { preset: 'balanced', steps: 1 }), { code: 'checkpoint-damaged' });
  assert.equal((await painted(foreign, { preset: 'best', steps: 1 })).recipe.decoder, 'vae');
  await foreign.dispose();
  await rm(folder, { recursive: true });
});
