/** Stage `q-former`: visual-token states to query rows; the number of heads for a width. */
import { join } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readConfig } from '../checkpoint/config.ts';
import type { QueryFormer } from '../diffusion/query-former.ts';
import { loadQueryFormer } from '../load-diffusion.ts';
import { conditionSizes, queryHeads } from '../models/condition/config.ts';
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';
import type { ParityCase, StageOutputs } from './case.ts';

export async function run(parityCase: ParityCase): Promise<StageOutputs> {
  if (parityCase.params.widths) return headCounts(parityCase.params.widths as number[]);
  const module = parityCase.has('in.weight.query') ? await loadModule(parityCase) : await loadOwn(parityCase);
  try {
    const rows = await module.condense(await attendedStates(parityCase));
    return { tensors: { 'out.queries': floatTensor(rows.data, [1, ...rows.shape]) }, result: {} };
  } finally {
    await module.dispose();
  }
}

function headCounts(widths: readonly number[]): StageOutputs {
  const heads = Object.fromEntries(widths.map((width) => [width, queryHeads(width)]));
  return { tensors: {}, result: { heads } };
}

async function loadOwn(parityCase: ParityCase): Promise<QueryFormer> {
  const checkpoint = await Checkpoint.open(join(parityCase.variant, 'checkpoint'));
  return loadQueryFormer(checkpoint, conditionSizes(await readConfig(checkpoint)));
}

/** The case brings the module's sizes and weights itself. */
async function loadModule({ variant, stage, name, params }: ParityCase): Promise<QueryFormer> {
  const weights = await Checkpoint.ofFile(join(variant, 'cases', stage, `${name}.safetensors`));
  const sizes = {
    stateWidth: params.input_dim as number,
    width: params.hidden_size as number,
    queries: params.num_queries as number,
    layers: params.num_layers as number,
    heads: params.num_heads as number,
    epsilon: 1e-5,
  };
  return loadQueryFormer(weights, sizes, 'in.weight.');
}

/** Hidden states count for nothing, so they are left out. */
async function attendedStates(parityCase: ParityCase): Promise<FloatTensor> {
  const { data, shape } = await parityCase.floats('in.states');
  const width = shape[2]!;
  const mask = await parityCase.numbers('in.mask');
  const kept = mask.flatMap((attended, i) => (attended ? [data.subarray(i * width, (i + 1) * width)] : []));
  const rows = new Float32Array(kept.length * width);
  for (const [i, row] of kept.entries()) rows.set(row, i * width);
  return floatTensor(rows, [kept.length, width]);
}
