/** Stage `visual-tokenizer`: picture to codes, codes to picture. */
import type { VisualTokenizer } from '../decoding/visual-tokenizer.ts';
import type { ParityCase, StageOutputs, StageRunner } from './case.ts';
import { withModel } from './parts.ts';

export const run: StageRunner = (parityCase, device) =>
  withModel(parityCase, device, async (model) => {
    const { visualTokenizer } = await model.networks(['visualTokenizer']);
    return parityCase.has('in.image')
      ? encode(visualTokenizer, parityCase)
      : decode(visualTokenizer, parityCase);
  });

async function encode(tokenizer: VisualTokenizer, parityCase: ParityCase): Promise<StageOutputs> {
  const { rows, columns, codes, margin } = await tokenizer.encode(await parityCase.floats('in.image'));
  return {
    tensors: { 'out.codes': { type: 'int32', shape: [rows, columns], data: codes } },
    result: { min_top2_gap: margin },
  };
}

async function decode(tokenizer: VisualTokenizer, parityCase: ParityCase): Promise<StageOutputs> {
  const [rows, columns] = (await parityCase.tensor('in.codes')).shape as [number, number];
  const codes = Int32Array.from(await parityCase.numbers('in.codes'));
  return { tensors: { 'out.image': await tokenizer.decode({ rows, columns, codes }) }, result: {} };
}
