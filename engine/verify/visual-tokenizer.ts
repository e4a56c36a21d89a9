/** Stage `visual-tokenizer`: picture to codes, codes to picture. */
import { join } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readConfig } from '../checkpoint/config.ts';
import type { VisualTokenizer } from '../decoding/visual-tokenizer.ts';
import { loadVisualTokenizer } from '../load-visual-tokenizer.ts';
import type { ParityCase, StageOutputs } from './case.ts';

export async function run(parityCase: ParityCase): Promise<StageOutputs> {
  const checkpoint = await Checkpoint.open(join(parityCase.variant, 'checkpoint'));
  const tokenizer = await loadVisualTokenizer(checkpoint, await readConfig(checkpoint));
  try {
    return parityCase.has('in.image')
      ? await encode(tokenizer, parityCase)
      : await decode(tokenizer, parityCase);
  } finally {
    await tokenizer.dispose();
  }
}

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
