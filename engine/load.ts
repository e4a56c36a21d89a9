/**
 * A checkpoint folder as a model: config and text files at once, each network when a verb first needs it. The
 * model owns every session; `dispose` frees them.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Checkpoint } from './checkpoint/checkpoint.ts';
import { type CheckpointConfig, readConfig } from './checkpoint/config.ts';
import { fingerprint } from './checkpoint/fingerprint.ts';
import {
  type GenerationConfig,
  readGenerationConfig,
  readTuskConfig,
  type TuskConfig,
} from './checkpoint/tusk-config.ts';
import type { LanguageModel } from './decoding/language-model.ts';
import type { VisualTokenizer } from './decoding/visual-tokenizer.ts';
import type { VaeDecoder, VaeEncoder } from './diffusion/latents.ts';
import type { DiffusionModel } from './diffusion/model.ts';
import { CancelledError } from './errors.ts';
import { type ProcessorConfig, parseProcessorConfig } from './image/vision-input.ts';
import { loadDiffusionModel, loadVaeDecoder, loadVaeEncoder } from './load-diffusion.ts';
import { loadLanguageModel } from './load-language-model.ts';
import { loadVisualTokenizer } from './load-visual-tokenizer.ts';
import { roundedWeights } from './models/quantisation.ts';
import type { WeightSource } from './onnx/graph.ts';
import type { SessionOptions } from './runtime/session.ts';
import { PromptBuilder } from './tokenizer/prompt.ts';

const EMBEDDED = fileURLToPath(new URL('../assets/model', import.meta.url));

/**
 * From this many bytes of weights on they stay memory-mapped: loading takes no second copy in memory, at the price
 * of slower products of large matrices.
 */
const MAPPED_FROM_BYTES = 512 * 2 ** 20;

/** What a checkpoint can be asked for. */
export interface Networks {
  languageModel: LanguageModel;
  visualTokenizer: VisualTokenizer;
  diffusion: DiffusionModel;
  vaeEncoder: VaeEncoder;
  vaeDecoder: VaeDecoder;
}
export type NetworkName = keyof Networks;

type Loader<T> = (weights: WeightSource, config: CheckpointConfig, options: SessionOptions) => Promise<T>;

const LOADERS: { [N in NetworkName]: { what: string; load: Loader<Networks[N]> } } = {
  languageModel: { what: 'the language model', load: loadLanguageModel },
  visualTokenizer: { what: 'the visual tokenizer', load: loadVisualTokenizer },
  diffusion: { what: 'the diffusion transformer', load: loadDiffusionModel },
  vaeEncoder: { what: 'the picture encoder', load: loadVaeEncoder },
  vaeDecoder: { what: 'the picture decoder', load: loadVaeDecoder },
};

/** Those that `rounded` networks are loaded anew for; the others are the same in both. */
const ROUNDED: readonly NetworkName[] = ['languageModel', 'diffusion'];

/** The folder's small files, checked. */
interface ModelFiles {
  config: CheckpointConfig;
  tusk: TuskConfig;
  /** t2i_generation_config.json: how a plan is sampled. */
  planGeneration: GenerationConfig;
  /** und_generation_config.json: how an answer is sampled and when it ends. */
  answerGeneration: GenerationConfig;
  processor: ProcessorConfig;
  prompts: PromptBuilder;
}

export interface LoadProgress {
  signal?: AbortSignal;
  /** `part` of `parts`, from 1. */
  onLoading?: (what: string, part: number, parts: number) => void;
  /** Linear layers in 8-bit numbers, where the model `isRoundable`. */
  rounded?: boolean;
}

export class Model {
  /** By name, the rounded ones by name and "rounded". */
  private readonly loaded = new Map<string, Networks[NetworkName]>();

  private constructor(
    /** Absolute path of the folder. */
    readonly path: string,
    readonly checkpoint: Checkpoint,
    readonly files: ModelFiles,
    /** See `fingerprint`. */
    readonly fingerprint: string,
    /** Small enough for its weights to be rounded on loading, and not rounded already. */
    readonly isRoundable: boolean,
    private readonly options: SessionOptions,
  ) {}

  /** Absolute path of a checkpoint folder; without one the embedded model's. */
  static resolve(folder: string | undefined): string {
    return resolve(folder ?? EMBEDDED);
  }

  /**
   * Reads headers and small files; no weights yet.
   * @throws TuskError of every file that is missing, damaged or of an unknown kind, naming it
   */
  static async open(path: string, options: SessionOptions = {}): Promise<Model> {
    const checkpoint = await Checkpoint.open(path);
    const files = await readFiles(checkpoint);
    const mapped = weightBytes(checkpoint) >= MAPPED_FROM_BYTES;
    const isRoundable = !mapped && !isQuantised(checkpoint);
    const mark = await fingerprint(checkpoint);
    return new Model(path, checkpoint, files, mark, isRoundable, { mapped, ...options });
  }

  get name(): string {
    return this.files.tusk.name ?? basename(this.path);
  }

  /** The networks asked for, loading those that aren't yet. @throws CancelledError between two networks. */
  async networks<N extends NetworkName>(
    names: readonly N[],
    { signal, onLoading, rounded = false }: LoadProgress = {},
  ): Promise<Pick<Networks, N>> {
    const isRounded = (name: NetworkName) => rounded && this.isRoundable && ROUNDED.includes(name);
    const key = (name: NetworkName) => (isRounded(name) ? `${name} rounded` : name);
    const missing = names.filter((name) => !this.loaded.has(key(name)));
    for (const [index, name] of missing.entries()) {
      if (signal?.aborted) throw new CancelledError();
      const { what, load } = LOADERS[name];
      onLoading?.(what, index + 1, missing.length);
      const weights = isRounded(name) ? roundedWeights(this.checkpoint) : this.checkpoint;
      this.loaded.set(key(name), await load(weights, this.files.config, this.options));
    }
    const entries = names.map((name) => [name, this.loaded.get(key(name))]);
    return Object.fromEntries(entries) as Pick<Networks, N>;
  }

  async dispose(): Promise<void> {
    const networks = [...this.loaded.values()];
    this.loaded.clear();
    await Promise.all(networks.map((network) => network.dispose()));
  }
}

async function readFiles(checkpoint: Checkpoint): Promise<ModelFiles> {
  return {
    config: await readConfig(checkpoint),
    tusk: await readTuskConfig(checkpoint),
    planGeneration: await readGenerationConfig(checkpoint, 't2i_generation_config.json'),
    answerGeneration: await readGenerationConfig(checkpoint, 'und_generation_config.json'),
    processor: parseProcessorConfig(await checkpoint.readJson('preprocessor_config.json')),
    prompts: await PromptBuilder.load(checkpoint),
  };
}

const weightBytes = (checkpoint: Checkpoint): number =>
  [...checkpoint.tensors].reduce((sum, { length }) => sum + length, 0);

const isQuantised = (checkpoint: Checkpoint): boolean =>
  [...checkpoint.tensors].some(({ name }) => /\.int[48]$/.test(name));

/** Changes when a weight file or the config of the folder was replaced. */
export async function folderStamp(path: string): Promise<string> {
  const names = (await readdir(path)).filter((name) => /\.(safetensors|json)$/.test(name)).sort();
  const stamps = await Promise.all(names.map(async (name) => (await stat(join(path, name))).mtimeMs));
  return stamps.join();
}
