/** Stage `denoise`: the whole solver from given noise, with guidance; in one case the picture of it, too. */
import type { FloatTensor } from '../runtime/tensor.ts';
import type { StageRunner } from './case.ts';
import { withPicture } from './diffusion-case.ts';

interface Params {
  steps: number;
  text_guidance: number;
  image_guidance: number;
  cfg_range: [number, number];
}

export const run: StageRunner = (parityCase, device) =>
  withPicture(parityCase, device, async (picture, noise, model) => {
    const params = parityCase.params as unknown as Params;
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
    if (parityCase.has('out.image')) {
      const { vaeDecoder } = await model.networks(['vaeDecoder']);
      tensors['out.image'] = await vaeDecoder.decode(latents);
    }
    return { tensors, result: { forwards_per_step: forwards } };
  });
