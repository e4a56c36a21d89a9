/** What a checkpoint is: networks, parameters, dtypes, the memory each verb needs, and whether its weights are sound. */
import { describeNetworks, findNonFinite } from './checkpoint/describe.ts';
import type { ChosenDevice } from './devices/devices.ts';
import { Model, type ModelOptions } from './load.ts';
import {
  type DeviceRoom,
  type Machine,
  type MemoryPlan,
  type PlannedVerb,
  planMemory,
} from './memory/plan.ts';
import { bytesOfPixel, PICTURE_TOKENS, workload } from './memory/working.ts';
import { presetNames } from './presets.ts';
import type { CheckpointInfo, ModelSummary } from './protocol.ts';
import { runDevice } from './run-device.ts';
import { defaultSize, planGrid } from './settings.ts';

interface InspectOptions {
  /** Reads every weight. */
  deep: boolean;
  /** What a run would get; absent: the processor. */
  device?: ChosenDevice | undefined;
  signal: AbortSignal;
}

export async function inspectCheckpoint(
  folder: string | undefined,
  { deep, device, signal }: InspectOptions,
  options: ModelOptions = {},
): Promise<CheckpointInfo> {
  const model = await Model.open(Model.resolve(folder), options);
  const planFor = (verb: PlannedVerb) => planOf(model, verb, device?.room);
  const plans = { create: planFor('create'), edit: planFor('edit'), chat: planFor('chat') };
  const { create, edit, chat } = plans;
  const networks = describeNetworks(model.checkpoint.tensors);
  return {
    name: model.name,
    path: model.path,
    fingerprint: model.fingerprint,
    fileBytes: networks.reduce((sum, { bytes }) => sum + bytes, 0),
    networks,
    memoryBytes: { create: create.peakBytes, edit: edit.peakBytes, chat: chat.peakBytes },
    memoryBytesPerPixel: bytesOfPixel(model.files.config),
    machine: machineWith(model, device?.room),
    plans,
    device: device ? runDevice(device, create) : null,
    defaults: modelDefaults(model),
    ...(deep && { nonFinite: await findNonFinite(model.checkpoint.tensors, signal) }),
  };
}

/** Of a picture of the model's own size, with a prompt of some sentences, by the preset that takes most. */
export function planOf(model: Model, verb: PlannedVerb, device?: DeviceRoom): MemoryPlan {
  const { memory, files } = model;
  const machine = machineWith(model, device);
  const size = defaultSize(files);
  const references = verb === 'edit' ? 1 : 0;
  const promptTokens = PICTURE_TOKENS * (verb === 'create' ? 0 : 1);
  const work = workload({ size, grid: planGrid(files, size), promptTokens, images: 1, references });
  const [exact, rounded] = (['nothing', 'everything'] as const).map((rounding) =>
    planMemory({
      ...{ verb, memory, machine, device, work, config: files.config },
      secondCopies: model.secondCopies(rounding),
    }),
  );
  return rounded!.peakBytes > exact!.peakBytes ? rounded! : exact!;
}

const machineWith = ({ machine }: Model, device: DeviceRoom | undefined): Machine => ({
  ...machine,
  ...(device && { gpuBytes: device.gpuBytes }),
});

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
    languages: tusk.languages,
    examples: tusk.examples,
    loadMs,
  };
}
