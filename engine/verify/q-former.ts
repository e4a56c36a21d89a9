/** Stage `q-former`: visual-token states to query rows; the number of heads for a width. */
import { join } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readConfig } from '../checkpoint/config.ts';
import type { QueryFormer } from '../diffusion/query-former.ts';
import { type ModelDevice, onDevice } from '../load.ts';
import { loadQueryFormer } from '../load-diffusion.ts';
import { conditionSizes, queryHeads } from '../models/condition/config.ts';
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';
import type { ParityCase, StageOutputs, StageRunner } from './case.ts';

export const run: StageRunner = async (parityCase, device) => {
  if (parityCase.params.widths) return headCounts(parityCase.params.widths as number[]);
  const load = parityCase.has('in.weight.query') ? loadModule : loadOwn;
  const isBarred = device?.room.barred.diffusion !== undefined;
  const module = await load(parityCase, isBarred ? undefined : device?.device);
  try {
    const rows = await module.condense(await attendedStates(parityCase));
    return { tensors: { 'out.queries': floatTensor(rows.data, [1, ...rows.shape]) }, result: {} };
  } finally {
    await module.dispose();
  }
};

function headCounts(widths: readonly number[]): StageOutputs {
  const heads = Object.fromEntries(widths.map((width) => [width, queryHeads(width)]));
  return { tensors: {}, result: { heads } };
}

async function loadOwn({ variant }: ParityCase, device: ModelDevice | undefined): Promise<QueryFormer> {
  const checkpoint = await Checkpoint.open(join(variant, 'checkpoint'));
  const { weights, options } = onDevice(checkpoint, device);
  return loadQueryFormer(weights, conditionSizes(await readConfig(checkpoint)), undefined, options);
}

/** The case brings the module's sizes and weights itself. */
async function loadModule(
  { variant, stage, name, params }: ParityCase,
  device: ModelDevice | undefined,
): Promise<QueryFormer> {
  const file = await Checkpoint.ofFile(join(variant, 'cases', stage, `${name}.safetensors`));
  const sizes = {
    stateWidth: params.input_dim as number,
    width: params.hidden_size as number,
    queries: params.num_queries as number,
    layers: params.num_layers as number,
    heads: params.num_heads as number,
    epsilon: 1e-5,
  };
  const { weights, options } = onDevice(file, device);
  return loadQueryFormer(weights, sizes, 'in.weight.', options);
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
