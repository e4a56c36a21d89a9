/** Stage `denoise`: the whole solver from given noise, with guidance; in one case the picture of it, too. */
import { join } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readConfig } from '../checkpoint/config.ts';
import { loadVaeDecoder } from '../load-diffusion.ts';
import type { FloatTensor } from '../runtime/tensor.ts';
import type { ParityCase, StageOutputs } from './case.ts';
import { withPicture } from './diffusion-case.ts';

interface Params {
  steps: number;
  text_guidance: number;
  image_guidance: number;
  cfg_range: [number, number];
}

export async function run(parityCase: ParityCase): Promise<StageOutputs> {
  const params = parityCase.params as unknown as Params;
  return withPicture(parityCase, async (picture, noise) => {
    const tensors: Record<string, FloatTensor> = {};
    const forwards: number[] = [];
    let latents = noise;
    const steps = picture.denoise({
      noise,
      steps: params.steps,
      textGuidance: params.text_guidance,
      imageGuidance: params.image_guidance,
      guidanceRange: params.cfg_range,
    });
    for await (const step of steps) {
      latents = step.latents;
      tensors[`out.latents.${step.step - 1}`] = latents;
      forwards.push(step.forwards);
    }
    if (parityCase.has('out.image')) tensors['out.image'] = await decode(parityCase, latents);
    return { tensors, result: { forwards_per_step: forwards } };
  });
}

async function decode(parityCase: ParityCase, latents: FloatTensor): Promise<FloatTensor> {
  const checkpoint = await Checkpoint.open(join(parityCase.variant, 'checkpoint'));
  const vae = await loadVaeDecoder(checkpoint, await readConfig(checkpoint));
  try {
    return await vae.decode(latents);
  } finally {
    await vae.dispose();
  }
}
