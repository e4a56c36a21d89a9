/**
 * Stages at the published widths against the official code, on slices of a few layers with seeded random weights:
 * the text decoder in 4 bits, the diffusion transformer in 8, the VAE in full. Beside the ratios stand the shares of
 * this processor's roofs, and how far a rounded stage is from the exact one.
 */
import type { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import { Model } from '../../../engine/load.ts';
import type { FloatTensor } from '../../../engine/runtime/tensor.ts';
import { published } from '../published.ts';
import type { Roofs } from '../roofs.ts';
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
  promptIds,
  readPrompt,
  type SliceFolders,
  sliceOf,
  withSlice,
} from '../slice-work.ts';
import { type Measured, measured, medians } from '../timing.ts';
import { type CompareOptions, type Comparison, comparison, DTYPES } from './compare.ts';
import { Reference, type ReferenceAnswer } from './process.ts';

type Config = Record<string, Record<string, unknown>>;

const LAYERS = 4;
/** Tokens the exact text decoder reads for the error. */
const COMPARED_TOKENS = 32;

/** Everything but the language model as small as it was. */
function textSlice(config: Config): void {
  const kept = structuredClone(config);
  published(sliceOf(LAYERS))(config as never);
  for (const name of Object.keys(kept)) if (name.startsWith('gen_')) config[name] = kept[name]!;
  config.gen_dit_config!.text_feat_dim = 4_096;
}

/** The language model as small as it was. */
function pictureSlice(config: Config): void {
  const { llm_config, gen_condition_layers, gen_dit_config } = structuredClone(config);
  published(sliceOf(LAYERS))(config as never);
  Object.assign(config, { llm_config, gen_condition_layers });
  config.gen_dit_config!.text_feat_dim = gen_dit_config!.text_feat_dim;
}

export interface SliceOptions extends CompareOptions {
  roofs: Roofs;
}

export async function compareSlices(options: SliceOptions): Promise<Comparison[]> {
  return [
    ...(await onSlice(options, textSlice, [
      { name: 'prefill', request: { verb: 'prefill', tokens: PROMPT_TOKENS } },
      { name: 'decode', request: { verb: 'decode', past: PROMPT_TOKENS, tokens: DECODED } },
    ])),
    ...(await onSlice(options, pictureSlice, [
      {
        name: 'transformer',
        request: { verb: 'transformer', context: CONTEXT, rows: PATCHES, columns: PATCHES },
      },
      { name: 'vae', request: { verb: 'vae', width: PIXELS, height: PIXELS } },
    ])),
  ];
}

interface Stage {
  name: keyof typeof OURS;
  request: { verb: string } & Record<string, unknown>;
}

interface Ours {
  what: string;
  measured: Measured;
  note: string;
}

type Measure = (paths: SliceFolders, options: SliceOptions) => Promise<Ours>;

const OURS = { prefill, decode, transformer, vae } satisfies Record<string, Measure>;

async function onSlice(
  options: SliceOptions,
  change: (config: Config) => void,
  stages: readonly Stage[],
): Promise<Comparison[]> {
  return withSlice(change as never, async (paths) => {
    const ours: Ours[] = [];
    for (const { name } of stages) ours.push(await OURS[name](paths, options));
    const theirs: Measured[][] = [];
    for (const dtype of DTYPES) theirs.push(await timesOf({ ...options, dtype }, paths.source, stages));
    return ours.map(({ what, measured: times, note }, i) => ({
      ...comparison(what, [times, theirs[0]![i]!, theirs[1]![i]!]),
      note,
    }));
  });
}

/** One of the two at a time: both would need three times the memory of one. */
async function timesOf(
  options: Omit<SliceOptions, 'checkpoint'> & { dtype: (typeof DTYPES)[number] },
  checkpoint: string,
  stages: readonly Stage[],
): Promise<Measured[]> {
  const reference = await Reference.start({ ...options, checkpoint });
  try {
    const times: Measured[] = [];
    for (const { request } of stages) {
      const answers: ReferenceAnswer[] = [];
      for (let round = 0; round <= options.rounds; round++) answers.push(await reference.ask(request));
      times.push(medians(answers.slice(1)));
    }
    return times;
  } finally {
    reference.stop();
  }
}

async function prefill({ compiled }: SliceFolders, options: SliceOptions): Promise<Ours> {
  const model = await Model.open(compiled, { threads: options.threads });
  try {
    const { languageModel } = await model.networks(['languageModel']);
    const times = await measured(() => readPrompt(languageModel), options.rounds);
    const operations = 2 * PROMPT_TOKENS * textWeights(model.checkpoint).values;
    return {
      what: `text decoder, ${LAYERS} layers, int4: prompt of ${PROMPT_TOKENS} tokens`,
      measured: times,
      note: shareOf('int8 roof', operations, times, options, options.roofs.int8),
    };
  } finally {
    await model.dispose();
  }
}

async function decode({ source, compiled }: SliceFolders, options: SliceOptions): Promise<Ours> {
  const exact = await lastStates(source, options.threads);
  const error = relativeError(await lastStates(compiled, options.threads), exact);
  const model = await Model.open(compiled, { threads: options.threads });
  try {
    const { languageModel } = await model.networks(['languageModel']);
    const run = await beginDecoding(languageModel);
    const times = await measured(() => decodeToken(languageModel, run), DECODED);
    const { layers, keyValueHeads, headDim } = languageModel.shape;
    const cache = BATCH * (PROMPT_TOKENS + DECODED) * 2 * layers * keyValueHeads * headDim * 4;
    const bytes = textWeights(model.checkpoint, true).bytes + cache;
    return {
      what: `text decoder, ${LAYERS} layers, int4: a token, batch ${BATCH}, ${PROMPT_TOKENS} before it`,
      measured: times,
      note: `${shareOf('memory roof', bytes, times, options, options.roofs.memory)}, error of the states ${error}`,
    };
  } finally {
    await model.dispose();
  }
}

async function transformer({ source, compiled }: SliceFolders, options: SliceOptions): Promise<Ours> {
  const exact = await withStep(source, options.threads, (step) => step());
  return withStep(compiled, options.threads, async (step, checkpoint) => {
    const error = relativeError(await step(), exact);
    const times = await measured(step, options.rounds);
    const operations = transformerOperations(checkpoint);
    return {
      what: `diffusion transformer, ${LAYERS} layers, int8: a step of ${PATCHES ** 2} tokens, context ${CONTEXT}`,
      measured: times,
      note: `${shareOf('int8 roof', operations, times, options, options.roofs.int8)}, error of the velocity ${error}`,
    };
  });
}

async function withStep<T>(
  folder: string,
  threads: number,
  use: (step: () => Promise<FloatTensor>, checkpoint: Checkpoint) => Promise<T>,
): Promise<T> {
  const model = await Model.open(folder, { threads });
  try {
    const { diffusion } = await model.networks(['diffusion']);
    const { text_config } = model.files.config.llm_config;
    const step = await denoisingStep(diffusion, text_config.hidden_size);
    await step();
    return await use(step, model.checkpoint);
  } finally {
    await model.dispose();
  }
}

async function vae({ source }: SliceFolders, options: SliceOptions): Promise<Ours> {
  const model = await Model.open(source, { threads: options.threads });
  try {
    const { vaeDecoder } = await model.networks(['vaeDecoder']);
    const times = await measured(() => decodePicture(vaeDecoder), options.rounds);
    return { what: `VAE, exact: decode ${PIXELS} x ${PIXELS}`, measured: times, note: '' };
  } finally {
    await model.dispose();
  }
}

async function lastStates(folder: string, threads: number): Promise<FloatTensor> {
  const model = await Model.open(folder, { threads });
  try {
    const { languageModel } = await model.networks(['languageModel']);
    const run = languageModel.start();
    const [output] = await run.prefill([{ ids: promptIds(COMPARED_TOKENS) }], { hidden: [-1] });
    run.dispose();
    return output!.hidden[0]!;
  } finally {
    await model.dispose();
  }
}

/** Root mean square of the difference over that of the exact values. */
function relativeError({ data }: FloatTensor, exact: FloatTensor): string {
  let [difference, size] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    difference += (data[i]! - exact.data[i]!) ** 2;
    size += exact.data[i]! ** 2;
  }
  return `${(100 * Math.sqrt(difference / size)).toFixed(1)} %`;
}

/** What one pass reads of the decoder's layers. Generation tokens take the experts where there are some, and their head. */
function textWeights(checkpoint: Checkpoint, generation = false): { values: number; bytes: number } {
  const names = new Set([...checkpoint.tensors].map(({ name }) => name));
  const hasExpert = (name: string) => names.has(name.replace('.mlp.', '.gen_mlp.'));
  let [values, bytes] = [0, 0];
  for (const { name, length } of checkpoint.tensors) {
    const isHead = /^llm_model\.(lm|gen)_head\./.test(name);
    const isLayer = /\.language_model\.layers\.\d+\./.test(name);
    const isRead = isHead
      ? generation && name.includes('gen_head')
      : isLayer && (generation ? !name.includes('.mlp.') || !hasExpert(name) : !name.includes('.gen_mlp.'));
    if (!isRead || !/\.int4(_scale)?$/.test(name)) continue;
    bytes += length;
    if (name.endsWith('.int4')) values += 2 * length;
  }
  return { values, bytes };
}

/** Multiplications and additions of a step's linear layers: all rows see the joint blocks, but only the noise's leave the last. */
function transformerOperations(checkpoint: Checkpoint): number {
  const noise = PATCHES ** 2;
  const all = noise + CONTEXT;
  let operations = 0;
  for (const { name, length } of checkpoint.tensors) {
    const [, stack, layer] = /^gen_transformer\.(layers|noise_refiner)\.(\d+)\..*\.int8$/.exec(name) ?? [];
    if (stack === undefined) continue;
    const isLast = stack === 'layers' && Number(layer) === LAYERS - 1 && !/to_[kv]\./.test(name);
    operations += 2 * length * (stack === 'noise_refiner' || isLast ? noise : all);
  }
  return operations;
}

/** @param amount operations or bytes. @param roof of them in 10^9 a second */
function shareOf(
  name: string,
  amount: number,
  { processorMs }: Measured,
  { threads }: SliceOptions,
  roof: number,
): string {
  const rate = amount / (processorMs / threads) / 1e6;
  return `${((100 * rate) / roof).toFixed(0)} % of the ${name}`;
}
