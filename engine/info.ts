/** What a checkpoint is: networks, parameters, dtypes, the memory each verb needs, and whether its weights are sound. */
import { describeNetworks, findNonFinite, memoryOfPixel, memoryOfVerbs } from './checkpoint/describe.ts';
import { Model } from './load.ts';
import { presetNames } from './presets.ts';
import type { CheckpointInfo, ModelSummary } from './protocol.ts';
import { defaultSize, planGrid } from './settings.ts';

export async function inspectCheckpoint(
  folder: string | undefined,
  { deep, signal }: { deep: boolean; signal: AbortSignal },
): Promise<CheckpointInfo> {
  const model = await Model.open(Model.resolve(folder));
  const networks = describeNetworks(model.checkpoint.tensors);
  return {
    name: model.name,
    path: model.path,
    fingerprint: model.fingerprint,
    fileBytes: networks.reduce((sum, { bytes }) => sum + bytes, 0),
    networks,
    memoryBytes: memoryOfVerbs(networks),
    memoryBytesPerPixel: memoryOfPixel(model.files.config.gen_vae_config.block_out_channels),
    defaults: modelDefaults(model),
    ...(deep && { nonFinite: await findNonFinite(model.checkpoint.tensors, signal) }),
  };
}

export function modelDefaults(model: Model): CheckpointInfo['defaults'] {
  const { tusk } = model.files;
  const size = defaultSize(model.files);
  return {
    size,
    grid: planGrid(model.files, size),
    steps: tusk.steps,
    guidance: tusk.text_guidance,
    imageGuidance: tusk.image_guidance,
    planGuidance: tusk.plan_guidance,
  };
}

export function summarize(model: Model, loadMs: number): ModelSummary {
  const { tusk } = model.files;
  return {
    name: model.name,
    path: model.path,
    fingerprint: model.fingerprint,
    weightBytes: [...model.checkpoint.tensors].reduce((sum, { length }) => sum + length, 0),
    conversation: tusk.conversation,
    defaults: modelDefaults(model),
    presets: presetNames(tusk),
    trainedSizes: (tusk.sizes ?? []).map(([width, height]) => ({ width, height })),
    abilities: tusk.abilities,
    vocabulary: tusk.vocabulary,
    examples: tusk.examples,
    loadMs,
  };
}
