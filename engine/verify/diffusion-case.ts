/** What the cases of `dit` and `denoise` have in common: a condition, references and noise. */
import { join } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readConfig } from '../checkpoint/config.ts';
import type { Condition } from '../diffusion/model.ts';
import type { PreparedDiffusion } from '../diffusion/prepared.ts';
import { loadDiffusionModel } from '../load-diffusion.ts';
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';
import type { ParityCase, StageOutputs } from './case.ts';

/** Prepares the case's picture with the variant's own model, which lives as long as `use` runs. */
export async function withPicture(
  parityCase: ParityCase,
  use: (picture: PreparedDiffusion, latents: FloatTensor) => Promise<StageOutputs>,
): Promise<StageOutputs> {
  const checkpoint = await Checkpoint.open(join(parityCase.variant, 'checkpoint'));
  const model = await loadDiffusionModel(checkpoint, await readConfig(checkpoint));
  try {
    const latents = await parityCase.floats('in.latents');
    const size = { rows: latents.shape[2]!, columns: latents.shape[3]! };
    const picture = await model.prepare(await condition(parityCase), await references(parityCase), size);
    return await use(picture, latents);
  } finally {
    await model.dispose();
  }
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
