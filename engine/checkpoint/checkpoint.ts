/**
 * A checkpoint folder in the official layout: JSON files and safetensors weights (one file, or shards with an
 * index). Opening it reads headers only.
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { TuskError } from '../errors.ts';
import { readSafetensorsHeader, readTensor, type TensorEntry } from './safetensors.ts';

const MAX_JSON_BYTES = 64 * 2 ** 20;
const INDEX_FILE = 'model.safetensors.index.json';

const ELEMENT_TYPES = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;

/** Where a weight lies, as a graph needs it; `file` is relative to `Checkpoint.folder`. */
export interface LocatedWeight {
  elementType: 'float32' | 'float16' | 'bfloat16';
  shape: readonly number[];
  file: string;
  offset: number;
  length: number;
}

export class Checkpoint {
  private constructor(
    /** The folder the person named. */
    readonly path: string,
    /** The real folder of the weight files (symlinks resolved, as in a hub cache). */
    readonly folder: string,
    private readonly entries: ReadonlyMap<string, TensorEntry>,
  ) {}

  /** @throws TuskError `checkpoint-missing`, `checkpoint-damaged` or `checkpoint-unsupported`, naming the file. */
  static async open(path: string): Promise<Checkpoint> {
    await assertFolder(path);
    const files = await weightFiles(path);
    const entries = new Map<string, TensorEntry>();
    for (const file of files) {
      for (const entry of await readSafetensorsHeader(file)) {
        if (entries.has(entry.name)) {
          throw new TuskError('checkpoint-damaged', `The tensor "${entry.name}" is in two files.`);
        }
        entries.set(entry.name, entry);
      }
    }
    await assertIndexComplete(path, entries);
    return new Checkpoint(path, commonFolder(files), entries);
  }

  /** The tensors of one safetensors file. */
  static async ofFile(path: string): Promise<Checkpoint> {
    const real = await realpath(path);
    const entries = await readSafetensorsHeader(real);
    return new Checkpoint(dirname(path), dirname(real), new Map(entries.map((entry) => [entry.name, entry])));
  }

  get tensors(): Iterable<TensorEntry> {
    return this.entries.values();
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** @throws TuskError `checkpoint-damaged` naming tensor, expected and found. */
  locate(name: string, shape: readonly number[]): LocatedWeight {
    const entry = this.entry(name);
    if (entry.shape.length !== shape.length || entry.shape.some((d, i) => d !== shape[i])) {
      throw new TuskError(
        'checkpoint-damaged',
        `The tensor "${name}" in ${basename(entry.path)} has shape [${entry.shape}], the config implies [${shape}].`,
        { hint: 'config.json and the weights are from different checkpoints.' },
      );
    }
    const elementType = ELEMENT_TYPES[entry.dtype as keyof typeof ELEMENT_TYPES];
    if (!elementType) {
      throw new TuskError('checkpoint-unsupported', `The tensor "${name}" has dtype ${entry.dtype}.`, {
        hint: 'Weights must be float32, float16 or bfloat16.',
      });
    }
    return {
      elementType,
      shape,
      file: relative(this.folder, entry.path),
      offset: entry.offset,
      length: entry.length,
    };
  }

  /** The tensor's values widened to float32. */
  async read(name: string): Promise<Float32Array> {
    const data = await readTensor(this.entry(name));
    return data instanceof Float32Array ? data : Float32Array.from(data);
  }

  shape(name: string): readonly number[] {
    return this.entry(name).shape;
  }

  /** Text of one of the folder's files. @throws TuskError `checkpoint-missing`. */
  readText(name: string): Promise<string> {
    return readTextFile(join(this.path, name));
  }

  /** A JSON file's value, or undefined if the folder has no such file. @throws `checkpoint-damaged` if it isn't JSON. */
  async readJson(name: string): Promise<unknown> {
    if (!(await exists(join(this.path, name)))) return undefined;
    const text = await this.readText(name);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new TuskError('checkpoint-damaged', `${name} isn't valid JSON.`, {
        cause,
        hint: 'Fetch or copy the file again.',
      });
    }
  }

  private entry(name: string): TensorEntry {
    const entry = this.entries.get(name);
    if (!entry) {
      throw new TuskError('checkpoint-damaged', `The checkpoint has no tensor "${name}".`, {
        hint: 'A shard may be missing, or config.json belongs to another checkpoint.',
      });
    }
    return entry;
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function assertFolder(path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isDirectory()) return;
  throw new TuskError(
    info ? 'checkpoint-unsupported' : 'checkpoint-missing',
    info ? `${path} is a file, not a checkpoint folder.` : `There is no folder ${path}.`,
    { hint: 'Give the folder that holds config.json and the .safetensors files.' },
  );
}

/** Real paths of the weight files: those the index names, else every .safetensors file of the folder. */
async function weightFiles(path: string): Promise<string[]> {
  const index = await readIndex(path);
  const names = index
    ? [...new Set(Object.values(index))].sort()
    : (await readdir(path)).filter((name) => name.endsWith('.safetensors')).sort();
  if (names.length === 0) {
    throw new TuskError('checkpoint-missing', `${path} holds no .safetensors file.`, {
      hint: 'Give the folder that holds config.json and the .safetensors files.',
    });
  }
  return Promise.all(names.map((name) => realFile(path, name)));
}

async function realFile(folder: string, name: string): Promise<string> {
  if (basename(name) !== name)
    throw new TuskError('checkpoint-damaged', `The index names a file outside its folder: ${name}.`);
  try {
    return await realpath(join(folder, name));
  } catch (cause) {
    throw new TuskError('checkpoint-missing', `The weight file ${name} is missing.`, {
      cause,
      hint: 'Fetch the missing shard; the others can stay.',
    });
  }
}

async function readIndex(path: string): Promise<Record<string, string> | undefined> {
  const file = join(path, INDEX_FILE);
  if (!(await exists(file))) return undefined;
  let map: unknown;
  try {
    map = (JSON.parse(await readTextFile(file)) as { weight_map?: unknown }).weight_map;
  } catch (cause) {
    if (cause instanceof TuskError) throw cause;
    throw new TuskError('checkpoint-damaged', `${INDEX_FILE} isn't valid JSON.`, { cause });
  }
  if (typeof map !== 'object' || map === null || !Object.values(map).every((v) => typeof v === 'string')) {
    throw new TuskError('checkpoint-damaged', `${INDEX_FILE} has no valid weight_map.`);
  }
  return map as Record<string, string>;
}

async function assertIndexComplete(path: string, entries: ReadonlyMap<string, TensorEntry>): Promise<void> {
  const index = (await readIndex(path)) ?? {};
  const missing = Object.keys(index).find((name) => !entries.has(name));
  if (missing)
    throw new TuskError(
      'checkpoint-damaged',
      `${index[missing]} lacks the tensor "${missing}" that the index promises.`,
    );
}

async function readTextFile(path: string): Promise<string> {
  const info = await stat(path).catch(() => undefined);
  if (!info) {
    throw new TuskError('checkpoint-missing', `The file ${basename(path)} is missing from the checkpoint.`, {
      hint: 'Fetch the whole checkpoint folder.',
    });
  }
  if (info.size > MAX_JSON_BYTES)
    throw new TuskError('checkpoint-damaged', `${basename(path)} is implausibly large.`);
  return readFile(path, 'utf8');
}

/** onnxruntime takes external data from one folder only. */
function commonFolder(files: readonly string[]): string {
  const folders = new Set(files.map((file) => dirname(file)));
  if (folders.size === 1) return [...folders][0]!;
  throw new TuskError('checkpoint-unsupported', 'The weight files lie in different folders.', {
    hint: 'Put all shards into one folder.',
  });
}
