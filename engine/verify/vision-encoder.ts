/** Stage `vision-encoder`: flattened patches to embeddings and deepstack features. */
import type { StageRunner } from './case.ts';
import { readGrids } from './grids.ts';
import { withModel } from './parts.ts';

export const run: StageRunner = (parityCase, device) =>
  withModel(parityCase, device, async (checked) => {
    const { languageModel: model } = await checked.networks(['languageModel']);
    const grids = await readGrids(parityCase, 'in.image_grid_thw');
    const features = await model.embedPictures(await parityCase.floats('in.pixel_values'), grids);
    const { mergeSize } = model.shape.vision;
    const split = grids.map(([frames, rows, columns]) => (frames * rows * columns) / mergeSize ** 2);
    const deepstack = features.deepstack.map((feature, i) => [`out.deepstack.${i}`, feature] as const);
    return {
      tensors: { 'out.embeds': features.embeds, ...Object.fromEntries(deepstack) },
      result: { split },
    };
  });
