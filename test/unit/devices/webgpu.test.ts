/**
 * Networks on a WebGPU device, equal to the processor's: where this computer has one. A software Vulkan device will do;
 * `.ci/run` brings one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import { readConfig } from '../../../engine/checkpoint/config.ts';
import { loadVaeDecoder } from '../../../engine/load-diffusion.ts';
import { loadLanguageModel } from '../../../engine/load-language-model.ts';
import { withAttention } from '../../../engine/models/quantisation.ts';
import { buildCacheGraphs } from '../../../engine/models/text-decoder/cache.ts';
import type { DeviceUse } from '../../../engine/runtime/provider.ts';
import { Session } from '../../../engine/runtime/session.ts';
import { type FloatTensor, floatTensor } from '../../../engine/runtime/tensor.ts';
import { compareTensors } from '../../../engine/verify/compare.ts';
import { verify } from '../../../engine/verify.ts';
import { chosenDevice } from '../../helpers/chosen-device.ts';

const WEBGPU: DeviceUse = { provider: 'webgpu' };
const EQUAL = 1e-5;
const CHECKPOINT = 'test/parity/alpha/checkpoint';

/** Why there is none, in onnxruntime's words. */
async function missing(): Promise<string | undefined> {
  try {
    const session = await Session.create(buildCacheGraphs().zeros, { device: WEBGPU });
    await session.dispose();
    return undefined;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

const reason = await missing();
const skip = reason !== undefined && `no WebGPU device: ${reason}`;
if (skip) console.error(`SKIPPED test/unit/devices/webgpu.test.ts: ${skip.slice(0, 120)}`);

const checkpoint = await Checkpoint.open(CHECKPOINT);
const config = await readConfig(checkpoint);

/** Two rows of unlike length, steps, a copy, a cache that grows, an end that is taken back. */
async function decode(device: DeviceUse | undefined): Promise<FloatTensor[]> {
  const model = await loadLanguageModel(checkpoint, config, { device });
  const wanted = { logits: 1, hidden: [-1] };
  const start = model.shape.generationStart;
  const long = Array.from({ length: 250 }, (_, i) => 3 + (i % 60));
  const run = model.start();
  try {
    const read = await run.prefill([{ ids: long }, { ids: [5, start + 6, 7] }], wanted);
    const stepped = [];
    for (let i = 0; i < 8; i++) stepped.push(...(await run.step([[start + i], [4 + i]], wanted)));
    const copy = run.fork([1, 0, 1]);
    const copied = await copy.step([[7], [start + 9], [8]], wanted);
    run.truncate(1, 2);
    const again = await run.step([[9], [10]], wanted);
    copy.dispose();
    return [...read, ...stepped, ...copied, ...again].flatMap(({ logits, hidden }) => [logits, ...hidden]);
  } finally {
    run.dispose();
    await model.dispose();
  }
}

test("the decoder's cache in the device's memory gives what the one on the host gives", {
  skip,
}, async () => {
  const [host, device] = [await decode(undefined), await decode(WEBGPU)];
  assert.equal(device.length, host.length);
  for (const [i, expected] of host.entries()) {
    const { maxRel } = compareTensors(device[i], expected);
    assert.ok(maxRel < EQUAL, `output ${i} is off by ${maxRel}`);
  }
});

test('the VAE with its attention written out gives what the fused one gives on the processor', {
  skip,
}, async () => {
  const latents = floatTensor(
    Float32Array.from({ length: 40 * config.gen_vae_config.latent_channels }, (_, i) => Math.sin(i)),
    [1, config.gen_vae_config.latent_channels, 8, 5],
  );
  const decoded = async (device: DeviceUse | undefined) => {
    const decoder = await loadVaeDecoder(device ? withAttention(checkpoint, 'plain') : checkpoint, config, {
      device,
    });
    try {
      return await decoder.decode(latents);
    } finally {
      await decoder.dispose();
    }
  };
  const { maxRel } = compareTensors(await decoded(WEBGPU), await decoded(undefined));
  assert.ok(maxRel < EQUAL, `off by ${maxRel}`);
});

/** One stage of each large network; `tusk verify --device webgpu` checks all. */
for (const stage of ['text-decoder', 'dit', 'vae']) {
  test(`${stage} on the device is within the reference's tolerances`, { skip }, async () => {
    const { signal } = new AbortController();
    const device = chosenDevice();
    const { cases } = await verify('test/parity/alpha', { stage, device, emit: () => {}, signal });
    assert.ok(cases.length > 0);
    assert.deepEqual(
      cases.filter(({ ok }) => !ok),
      [],
    );
  });
}

test('an operator the device was not seen to compute is refused by name, and needs no device for it', async () => {
  const proven = { ...WEBGPU, operators: new Set(['Gemm']) };
  await assert.rejects(Session.create(buildCacheGraphs().zeros, { device: proven }), {
    code: 'checkpoint-unsupported',
    message: /"cache-zeros" needs the operator Expand/,
  });
});

test('attention written out equals the fused one', async () => {
  const encode = async (attention: 'fused' | 'plain') => {
    const decoder = await loadVaeDecoder(withAttention(checkpoint, attention), config);
    const channels = config.gen_vae_config.latent_channels;
    const latents = floatTensor(
      Float32Array.from({ length: 48 * channels }, (_, i) => Math.cos(i)),
      [1, channels, 6, 8],
    );
    const image = await decoder.decode(latents);
    await decoder.dispose();
    return image;
  };
  const { maxRel } = compareTensors(await encode('plain'), await encode('fused'));
  assert.ok(maxRel < EQUAL, `off by ${maxRel}`);
});
