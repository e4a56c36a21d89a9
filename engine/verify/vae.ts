/** Stage `vae`: picture to latents, latents to picture. */
import type { VaeDecoder, VaeEncoder } from '../diffusion/latents.ts';
import type { FloatTensor } from '../runtime/tensor.ts';
import type { ParityCase, StageRunner } from './case.ts';
import { withModel } from './parts.ts';

export const run: StageRunner = (parityCase, device) =>
  withModel(parityCase, device, async (model) => {
    const tensors =
      parityCase.params.kind === 'decode'
        ? await decode((await model.networks(['vaeDecoder'])).vaeDecoder, parityCase)
        : await encode((await model.networks(['vaeEncoder'])).vaeEncoder, parityCase);
    return { tensors, result: {} };
  });

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
