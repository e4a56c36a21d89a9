/**
 * A checkpoint folder as a model: config and text files at once, each network when a verb first needs it. The
 * model owns every session; `dispose` frees them.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Checkpoint } from './checkpoint/checkpoint.ts';
import { type CheckpointConfig, readConfig } from './checkpoint/config.ts';
import { exists } from './checkpoint/file.ts';
import { fingerprint } from './checkpoint/fingerprint.ts';
import {
  type GenerationConfig,
  readGenerationConfig,
  readTuskConfig,
  type TuskConfig,
} from './checkpoint/tusk-config.ts';
import { TINY_DECODER_FILE } from './checkpoint/weight-files.ts';
import type { Decoder, Rounding } from './choices.ts';
import type { LanguageModel } from './decoding/language-model.ts';
import type { VisualTokenizer } from './decoding/visual-tokenizer.ts';
import type { VaeDecoder, VaeEncoder } from './diffusion/latents.ts';
import type { DiffusionModel } from './diffusion/model.ts';
import { CancelledError } from './errors.ts';
import { type ProcessorConfig, parseProcessorConfig } from './image/vision-input.ts';
import { loadDiffusionModel, loadTinyDecoder, loadVaeDecoder, loadVaeEncoder } from './load-diffusion.ts';
import { loadLanguageModel, type VisionSource } from './load-language-model.ts';
import { loadVisualTokenizer } from './load-visual-tokenizer.ts';
import { type ModelMemory, memoryOfParts } from './memory/parts.ts';
import type { Machine, MemoryPlan, Placement } from './memory/plan.ts';
import { isCompiled } from './models/compiled-form.ts';
import { roundedWeights, withAttention } from './models/quantisation.ts';
import type { AttentionForm, WeightSource } from './onnx/graph.ts';
import type { PartName } from './placing.ts';
import type { DeviceUse } from './runtime/provider.ts';
import type { SessionOptions } from './runtime/session.ts';
import { PromptBuilder } from './tokenizer/prompt.ts';

const EMBEDDED = fileURLToPath(new URL('../assets/model', import.meta.url));

/**
 * From this many bytes of weights on a checkpoint's own stay memory-mapped: loading takes no second copy in memory, at
 * the price of slower products of large matrices. Compiled ones never do: 4-bit products that aren't repacked unpack
 * their weights each time, 150 times as slow for a token.
 */
const LARGE_FROM_BYTES = 512 * 2 ** 20;

/** What a checkpoint can be asked for. */
export interface Networks {
  languageModel: LanguageModel;
  visualTokenizer: VisualTokenizer;
  diffusion: DiffusionModel;
  vaeEncoder: VaeEncoder;
  vaeDecoder: VaeDecoder;
}
export type NetworkName = keyof Networks;

type Loader<T> = (
  weights: WeightSource,
  config: CheckpointConfig,
  options: SessionOptions,
  vision: VisionSource,
) => Promise<T>;

const LOADERS: { [N in NetworkName]: { what: string; load: Loader<Networks[N]> } } = {
  languageModel: { what: 'the language model', load: loadLanguageModel },
  visualTokenizer: { what: 'the visual tokenizer', load: loadVisualTokenizer },
  diffusion: { what: 'the diffusion transformer', load: loadDiffusionModel },
  vaeEncoder: { what: 'the picture encoder', load: loadVaeEncoder },
  vaeDecoder: { what: 'the picture decoder', load: loadVaeDecoder },
};

/** What is loaded and freed with a network. */
const PARTS_OF: Readonly<Record<NetworkName, readonly PartName[]>> = {
  languageModel: ['languageModel', 'visionEncoder'],
  visualTokenizer: ['visualTokenizer'],
  diffusion: ['diffusion'],
  vaeEncoder: ['vaeEncoder'],
  vaeDecoder: ['vaeDecoder'],
};

/** Networks that are loaded anew, or from the compiled copy, to be rounded; the others are the same in both. */
const ROUNDED = {
  nothing: [],
  steps: ['diffusion'],
  everything: ['languageModel', 'diffusion'],
} as const satisfies Record<Rounding, readonly NetworkName[]>;
type RoundedNetwork = (typeof ROUNDED)['everything'][number];

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

/** Makes the compiled copy of a checkpoint, or finds it. @returns its folder */
export type Compiler = (source: string, progress: LoadProgress) => Promise<string>;

export interface ModelOptions extends SessionOptions {
  /** What may be taken up; absent = what is free now, and no GPU. */
  machine?: Partial<Machine>;
  /** Absent: only what the folder itself holds can be used. */
  compile?: Compiler;
  /** From how many bytes of weights on they stay in their file, and are rounded by the compiled copy. Default 512 MiB. */
  largeFrom?: number;
}

export interface LoadProgress {
  signal?: AbortSignal | undefined;
  /** `part` of `parts`, from 1. */
  onLoading?: (what: string, part: number, parts: number) => void;
  /** Whose linear layers are in 8-bit numbers, where the model is small and not compiled. */
  rounded?: Rounding;
  /** Absent: `vae`. */
  decoder?: Decoder;
  /** Absent: all as the checkpoint has it, on the processor, and nothing is freed. */
  plan?: MemoryPlan | undefined;
  /** Where the parts are computed that a plan puts on a GPU. */
  device?: ModelDevice | undefined;
  /** Before a network is freed because the plan has no place for it. */
  onFreeing?: ((name: NetworkName) => void) | undefined;
}

/** A graphics processor as a model's networks use it. */
export interface ModelDevice extends DeviceUse {
  attention: AttentionForm;
}

/** What sessions on a device are made of; absent = the processor. */
export const onDevice = (weights: WeightSource, device: ModelDevice | undefined): VisionSource => ({
  weights: device ? withAttention(weights, device.attention) : weights,
  options: { device },
});

type Place = Pick<Placement, 'form' | 'device'>;
const ON_PROCESSOR: Place = { form: 'source', device: 'cpu' };

interface Loaded {
  name: NetworkName;
  form: Placement['form'] | 'rounded' | 'tiny';
  device: string;
  network: Networks[NetworkName];
}

/** Forms that are on the processor wherever the plan puts the part: 8-bit numbers, and what takes it no time. */
const isLight = (form: Loaded['form']): boolean => form === 'rounded' || form === 'tiny';

export class Model {
  /** By name and form. */
  private readonly loaded = new Map<string, Loaded>();
  private compiled: Checkpoint | undefined;

  private constructor(
    /** Absolute path of the folder. */
    readonly path: string,
    readonly checkpoint: Checkpoint,
    readonly files: ModelFiles,
    /** See `fingerprint`. */
    readonly fingerprint: string,
    /** Its own weights stay memory-mapped, those of its compiled copy not. */
    private readonly isLarge: boolean,
    /** The file, where the folder has one; it is read when a picture wants it. */
    private readonly tinyDecoder: string | undefined,
    /** What its parts take up. */
    readonly memory: ModelMemory,
    readonly machine: Machine,
    private readonly compile: Compiler | undefined,
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
  static async open(path: string, options: ModelOptions = {}): Promise<Model> {
    const { machine, compile, largeFrom = LARGE_FROM_BYTES, ...session } = options;
    const checkpoint = await Checkpoint.open(path);
    const files = await readFiles(checkpoint);
    const isLarge = weightBytes(checkpoint) >= largeFrom;
    const mark = await fingerprint(checkpoint);
    return new Model(
      ...([path, checkpoint, files, mark, isLarge, await tinyDecoderIn(path)] as const),
      memoryOfModel(checkpoint, compile),
      { freeBytes: process.availableMemory(), gpuBytes: 0, ...machine },
      compile,
      session,
    );
  }

  get name(): string {
    return this.files.tusk.name ?? basename(this.path);
  }

  get hasTinyDecoder(): boolean {
    return this.tinyDecoder !== undefined;
  }

  /** Whether pictures can be rounded: on loading, or by the compiled copy. */
  get canRound(): boolean {
    return this.isRoundable || this.isCopied;
  }

  /** Small enough for its weights to be rounded on loading, and not rounded already. */
  private get isRoundable(): boolean {
    return !this.isLarge && !isCompiled(this.checkpoint.tensors);
  }

  /** A large checkpoint that isn't compiled, and may be. */
  private get isCopied(): boolean {
    return this.isLarge && this.compile !== undefined && !isCompiled(this.checkpoint.tensors);
  }

  /** Networks that pictures rounded so have in 8-bit numbers, as a second copy made on loading. */
  secondCopies(rounded: Rounding): readonly RoundedNetwork[] {
    return this.isRoundable ? ROUNDED[rounded] : [];
  }

  /** Networks that pictures rounded so take from the compiled copy, where the processor computes them. */
  compiledNetworks(rounded: Rounding): readonly RoundedNetwork[] {
    return this.isCopied ? ROUNDED[rounded] : [];
  }

  /**
   * The networks asked for, loading those that aren't yet. What the plan has no place for is freed first: all others
   * if it is staged, else forms it doesn't use.
   * @throws CancelledError between two networks
   */
  async networks<N extends NetworkName>(
    names: readonly N[],
    progress: LoadProgress = {},
  ): Promise<Pick<Networks, N>> {
    const { signal, onLoading, rounded = 'nothing', decoder, plan, device, onFreeing } = progress;
    const inEightBits: readonly NetworkName[] = this.secondCopies(rounded);
    const placed = (part: PartName): Place => plan?.placements[part] ?? ON_PROCESSOR;
    const isRounded = (name: NetworkName) => placed(name).form === 'source' && inEightBits.includes(name);
    const tiny = decoder === 'tiny' ? this.tinyDecoder : undefined;
    const isTiny = (name: NetworkName) => name === 'vaeDecoder' && tiny !== undefined;
    const formOf = (name: NetworkName) =>
      isTiny(name) ? 'tiny' : isRounded(name) ? 'rounded' : placed(name).form;
    const deviceOf = (part: PartName) => (placed(part).device === 'gpu' ? device : undefined);
    const deviceName = (name: NetworkName) =>
      isLight(formOf(name))
        ? 'cpu'
        : PARTS_OF[name].map((part) => deviceOf(part)?.provider ?? 'cpu').join('+');
    const key = (name: NetworkName) => `${name} ${formOf(name)} ${deviceName(name)}`;
    const isPlaced = ({ name, form, device: on }: Loaded) =>
      plan?.holding === 'staged'
        ? (names as readonly NetworkName[]).includes(name) && form === formOf(name) && on === deviceName(name)
        : (form === 'compiled') === (placed(name).form === 'compiled') &&
          (isLight(form) || isLight(formOf(name)) || on === deviceName(name));
    if (plan) await this.freeAllBut(isPlaced, onFreeing);
    const loadPlaced = async (name: NetworkName) => {
      const { form } = placed(name);
      const checkpoint = form === 'source' ? this.checkpoint : await this.compiledCopy(progress);
      const mapped = this.isLarge && !isCompiled(checkpoint.tensors);
      const own = { mapped, ...this.options };
      const sourceFor = (part: PartName) => {
        const { weights, options } = onDevice(checkpoint, deviceOf(part));
        return { weights, options: { ...own, ...options } };
      };
      const { weights, options } = isRounded(name)
        ? { weights: roundedWeights(checkpoint), options: own }
        : sourceFor(name);
      return LOADERS[name].load(weights, this.files.config, options, sourceFor('visionEncoder'));
    };
    const loadTiny = async (file: string) =>
      loadTinyDecoder(await Checkpoint.ofFile(file), this.files.config, this.options);
    const missing = names.filter((name) => !this.loaded.has(key(name)));
    for (const [index, name] of missing.entries()) {
      if (signal?.aborted) throw new CancelledError();
      onLoading?.(LOADERS[name].what, index + 1, missing.length);
      const network = await (tiny && isTiny(name) ? loadTiny(tiny) : loadPlaced(name));
      this.loaded.set(key(name), { name, form: formOf(name), device: deviceName(name), network });
    }
    const entries = names.map((name) => [name, this.loaded.get(key(name))!.network]);
    return Object.fromEntries(entries) as Pick<Networks, N>;
  }

  private async freeAllBut(
    isKept: (loaded: Loaded) => boolean,
    onFreeing?: LoadProgress['onFreeing'],
  ): Promise<void> {
    for (const [key, loaded] of [...this.loaded]) {
      if (isKept(loaded)) continue;
      onFreeing?.(loaded.name);
      this.loaded.delete(key);
      await loaded.network.dispose();
    }
  }

  /** The checkpoint itself if it is compiled. */
  private async compiledCopy(progress: LoadProgress): Promise<Checkpoint> {
    if (!this.compile || isCompiled(this.checkpoint.tensors)) return this.checkpoint;
    this.compiled ??= await Checkpoint.open(await this.compile(this.path, progress));
    return this.compiled;
  }

  dispose = (): Promise<void> => this.freeAllBut(() => false);
}

async function tinyDecoderIn(folder: string): Promise<string | undefined> {
  const path = join(folder, TINY_DECODER_FILE);
  return (await exists(path)) ? path : undefined;
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

/** Without a compiler there are only the forms the folder has. */
function memoryOfModel(checkpoint: Checkpoint, compile: Compiler | undefined): ModelMemory {
  const memory = memoryOfParts(checkpoint.tensors);
  if (compile || isCompiled(checkpoint.tensors)) return memory;
  const own = Object.entries(memory).map(([part, { compiled: _, ...forms }]) => [part, forms]);
  return Object.fromEntries(own) as ModelMemory;
}

const weightBytes = (checkpoint: Checkpoint): number =>
  [...checkpoint.tensors].reduce((sum, { length }) => sum + length, 0);

/** Changes when a weight file or the config of the folder was replaced. */
export async function folderStamp(path: string): Promise<string> {
  const names = (await readdir(path)).filter((name) => /\.(safetensors|json)$/.test(name)).sort();
  const stamps = await Promise.all(names.map(async (name) => (await stat(join(path, name))).mtimeMs));
  return stamps.join();
}
