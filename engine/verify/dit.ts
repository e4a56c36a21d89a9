/** Stage `dit`: one forward of the diffusion transformer, as a step's first branch runs it. */
import type { StageRunner } from './case.ts';
import { withPicture } from './diffusion-case.ts';

export const run: StageRunner = (parityCase, device) =>
  withPicture(parityCase, device, async (picture, latents) => {
    const modulation = await picture.modulate(Float32Array.of(parityCase.params.timestep as number));
    const step = await picture.beginStep(latents, modulation, 0);
    const noise = { ...step.noise, shape: [1, ...step.noise.shape] };
    return {
      tensors: {
        'mid.temb': modulation.embedding!,
        'mid.noise_refined': noise,
        'out.velocity': await picture.velocity('conditional', step),
      },
      result: {},
    };
  });
