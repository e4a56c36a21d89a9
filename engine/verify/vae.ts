/** Stage `vae`: picture to latents, latents to picture. */
import { join } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readConfig } from '../checkpoint/config.ts';
import type { VaeDecoder, VaeEncoder } from '../diffusion/latents.ts';
import { loadVaeDecoder, loadVaeEncoder } from '../load-diffusion.ts';
import type { FloatTensor } from '../runtime/tensor.ts';
import type { ParityCase, StageOutputs } from './case.ts';

export async function run(parityCase: ParityCase): Promise<StageOutputs> {
  const checkpoint = await Checkpoint.open(join(parityCase.variant, 'checkpoint'));
  const config = await readConfig(checkpoint);
  const decodes = parityCase.params.kind === 'decode';
  const vae = decodes ? await loadVaeDecoder(checkpoint, config) : await loadVaeEncoder(checkpoint, config);
  try {
    const tensors =
      'decode' in vae ? await decode(vae, parityCase) : await encode(vae as VaeEncoder, parityCase);
    return { tensors, result: {} };
  } finally {
    await vae.dispose();
  }
}

async function decode(vae: VaeDecoder, parityCase: ParityCase): Promise<Record<string, FloatTensor>> {
  const latents = await parityCase.floats('in.latents');
  return { 'mid.unscaled': vae.unscale(latents), 'out.image': await vae.decode(latents) };
}

async function encode(vae: VaeEncoder, parityCase: ParityCase): Promise<Record<string, FloatTensor>> {
  const posterior = await vae.posterior(await parityCase.floats('in.image'));
  const { mean, logVariance, moments } = posterior;
  return {
    'out.moments': moments,
    'out.mean': mean,
    'out.logvar': logVariance,
    'out.scaled_sample': vae.sample(posterior, await parityCase.floats('in.noise')),
    'out.scaled_mode': vae.sample(posterior),
  };
}
