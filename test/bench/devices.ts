/**
 * Stages at the published widths on a device and on the processor, each in the form it has there: a slice of a few
 * layers with seeded random weights, how long each stage takes, and how far the two are from each other.
 */
import type { RowOutput } from '../../engine/decoding/language-model.ts';
import { type ChosenDevice, Devices } from '../../engine/devices/devices.ts';
import { devicesFile } from '../../engine/hub/folders.ts';
import { Model, type Networks } from '../../engine/load.ts';
import { onGpu } from '../../engine/memory/plan.ts';
import { type DeviceProvider, PARTS, PROVIDERS } from '../../engine/placing.ts';
import type { FloatTensor } from '../../engine/runtime/tensor.ts';
import { compareTensors } from '../../engine/verify/compare.ts';
import { published } from './published.ts';
import {
  BATCH,
  beginDecoding,
  CONTEXT,
  DECODED,
  decodePicture,
  decodeToken,
  denoisingStep,
  PATCHES,
  PIXELS,
  PROMPT_TOKENS,
  readPrompt,
  type SliceFolders,
  sliceOf,
  withSlice,
} from './slice-work.ts';
import { measured } from './timing.ts';

/** @throws Error for another word than a device's. */
export function deviceOf(word: string): DeviceProvider {
  const found = PROVIDERS.find((provider) => provider === word);
  if (found === undefined || found === 'cpu') throw new Error(`--device is not "${word}".`);
  return found;
}

export interface DeviceOptions {
  provider: DeviceProvider;
  layers: number;
  rounds: number;
  /** Of the processor; 0 = all cores. */
  threads: number;
}

export interface DeviceTimes {
  what: string;
  processorMs: number;
  /** null: it failed there, and `failure` says why. */
  deviceMs: number | null;
  /** Largest difference of the outputs, relative to the largest of the processor's. */
  difference: number | null;
  failure?: string;
}

interface Stage {
  what: string;
  form: keyof SliceFolders;
  /** Where the processor computes another one than the device. */
  processorForm?: keyof SliceFolders;
  begin: (model: PlacedModel) => Promise<() => Promise<FloatTensor>>;
  /** Runs that count, if not the asked number of rounds. */
  runs?: number;
}

type PlacedModel = Pick<Model, 'files'> & {
  network: <N extends keyof Networks>(name: N) => Promise<Networks[N]>;
};

const scores = ([row]: readonly RowOutput[]): FloatTensor => row!.logits;

const step = async (model: PlacedModel) =>
  denoisingStep(await model.network('diffusion'), model.files.config.llm_config.text_config.hidden_size);

const STAGES: readonly Stage[] = [
  {
    what: `text decoder, int4: prompt of ${PROMPT_TOKENS} tokens`,
    form: 'compiled',
    begin: async (model) => {
      const languageModel = await model.network('languageModel');
      return async () => scores([await readPrompt(languageModel)]);
    },
  },
  {
    what: `text decoder, int4: a token, batch ${BATCH}, ${PROMPT_TOKENS} before it`,
    form: 'compiled',
    runs: DECODED,
    begin: async (model) => {
      const languageModel = await model.network('languageModel');
      const run = await beginDecoding(languageModel);
      return async () => scores(await decodeToken(languageModel, run));
    },
  },
  {
    what: `diffusion transformer: a step of ${PATCHES ** 2} tokens, context ${CONTEXT}`,
    form: 'source',
    begin: step,
  },
  {
    what: 'the same, the processor in int8',
    form: 'source',
    processorForm: 'compiled',
    begin: step,
  },
  {
    what: `VAE: decode ${PIXELS} x ${PIXELS}`,
    form: 'source',
    begin: async (model) => {
      const vaeDecoder = await model.network('vaeDecoder');
      return () => decodePicture(vaeDecoder);
    },
  },
];

/** @param onTimes after each stage. @throws TuskError `bad-setting` if the device's self-test wasn't run. */
export async function compareDevices(
  options: DeviceOptions,
  onTimes: (times: DeviceTimes) => void = () => {},
): Promise<DeviceTimes[]> {
  const { provider, layers } = options;
  const device = await new Devices({ file: devicesFile() }).choose({ device: provider });
  return withSlice(published(sliceOf(layers)) as never, async (folders) => {
    const all: DeviceTimes[] = [];
    for (const stage of STAGES) {
      all.push(await timesOf(stage, folders, device!, options));
      onTimes(all.at(-1)!);
    }
    return all;
  });
}

async function timesOf(
  stage: Stage,
  folders: SliceFolders,
  device: ChosenDevice,
  options: DeviceOptions,
): Promise<DeviceTimes> {
  const { what, form, processorForm = form } = stage;
  const processor = await run(stage, folders[processorForm], undefined, options);
  try {
    const { ms, output } = await run(stage, folders[form], device, options);
    const { maxRel } = compareTensors(output, processor.output);
    return { what, processorMs: processor.ms, deviceMs: ms, difference: maxRel };
  } catch (thrown) {
    const failure = (thrown as Error).message;
    return { what, processorMs: processor.ms, deviceMs: null, difference: null, failure };
  }
}

/** The last run's output. */
async function run(
  { begin, runs }: Stage,
  folder: string,
  chosen: ChosenDevice | undefined,
  { threads, rounds }: DeviceOptions,
): Promise<{ ms: number; output: FloatTensor }> {
  const model = await Model.open(folder, { threads });
  try {
    const place = { plan: onGpu(chosen ? PARTS : []), device: chosen?.device };
    const network: PlacedModel['network'] = async (name) => (await model.networks([name], place))[name];
    const work = await begin({ files: model.files, network });
    let output: FloatTensor | undefined;
    const keep = async () => {
      output = await work();
    };
    const { ms } = await measured(keep, runs ?? rounds);
    return { ms, output: output! };
  } finally {
    await model.dispose();
  }
}

export function printDeviceTimes({ what, processorMs, deviceMs, difference, failure }: DeviceTimes): void {
  const cells = [`${processorMs.toFixed(1)} ms`, deviceMs === null ? 'failed' : `${deviceMs.toFixed(1)} ms`];
  const ratio = deviceMs === null ? '' : `${(processorMs / deviceMs).toFixed(2)}x`;
  const off = difference === null ? '' : difference.toExponential(1);
  console.log(`${what.padEnd(64)}${[...cells, ratio, off].map((cell) => cell.padStart(11)).join('')}`);
  if (failure) console.log(`    ${failure}`);
}
