/** What the cases of `dit` and `denoise` have in common: a condition, references and noise. */
import type { ChosenDevice } from '../devices/devices.ts';
import type { Condition } from '../diffusion/model.ts';
import type { PreparedDiffusion } from '../diffusion/prepared.ts';
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';
import type { ParityCase, StageOutputs } from './case.ts';
import { type CheckedModel, withModel } from './parts.ts';

/** Prepares the case's picture with the variant's own model, which lives as long as `use` runs. */
export function withPicture(
  parityCase: ParityCase,
  device: ChosenDevice | undefined,
  use: (picture: PreparedDiffusion, latents: FloatTensor, model: CheckedModel) => Promise<StageOutputs>,
): Promise<StageOutputs> {
  return withModel(parityCase, device, async (model) => {
    const { diffusion } = await model.networks(['diffusion']);
    const latents = await parityCase.floats('in.latents');
    const size = { rows: latents.shape[2]!, columns: latents.shape[3]! };
    const given = [await condition(parityCase), await references(parityCase)] as const;
    return use(await diffusion.prepare(...given, size), latents, model);
  });
}

async function condition(parityCase: ParityCase): Promise<Condition> {
  const rows = async (name: string) => {
    const { data, shape } = await parityCase.floats(name);
    return floatTensor(data, shape.slice(1));
  };
  const image = parityCase.has('in.image') ? { image: await rows('in.image') } : {};
  const negative = parityCase.has('in.negative') ? { negative: await rows('in.negative') } : {};
  return { text: await rows('in.text'), ...image, ...negative };
}

async function references(parityCase: ParityCase): Promise<FloatTensor[]> {
  const pictures = [];
  for (let i = 0; parityCase.has(`in.reference.${i}`); i++) {
    const { data, shape } = await parityCase.floats(`in.reference.${i}`);
    pictures.push(floatTensor(data, [1, ...shape]));
  }
  return pictures;
}
