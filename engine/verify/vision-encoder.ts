/** Stage `vision-encoder`: flattened patches to embeddings and deepstack features. */
import { join } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readConfig } from '../checkpoint/config.ts';
import { loadLanguageModel } from '../load-language-model.ts';
import type { ParityCase, StageOutputs } from './case.ts';
import { readGrids } from './grids.ts';

export async function run(parityCase: ParityCase): Promise<StageOutputs> {
  const checkpoint = await Checkpoint.open(join(parityCase.variant, 'checkpoint'));
  const model = await loadLanguageModel(checkpoint, await readConfig(checkpoint));
  try {
    const grids = await readGrids(parityCase, 'in.image_grid_thw');
    const features = await model.embedPictures(await parityCase.floats('in.pixel_values'), grids);
    const { mergeSize } = model.shape.vision;
    const split = grids.map(([frames, rows, columns]) => (frames * rows * columns) / mergeSize ** 2);
    const deepstack = features.deepstack.map((feature, i) => [`out.deepstack.${i}`, feature] as const);
    return {
      tensors: { 'out.embeds': features.embeds, ...Object.fromEntries(deepstack) },
      result: { split },
    };
  } finally {
    await model.dispose();
  }
}
