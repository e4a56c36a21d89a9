/**
 * A checkpoint folder in the official layout: JSON files and safetensors weights (one file, or shards with an
 * index). Opening it reads headers only.
 */
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { TuskError } from '../errors.ts';
import { exists, fileSize, readTextFile } from './file.ts';
import { readSafetensorsHeader, type TensorEntry } from './safetensors.ts';
import { readTensor } from './tensor-values.ts';
import { findWeightFiles } from './weight-files.ts';

const ELEMENT_TYPES = { F32: 'float32', F16: 'float16', BF16: 'bfloat16', U8: 'uint8', I8: 'int8' } as const;
type ElementType = (typeof ELEMENT_TYPES)[keyof typeof ELEMENT_TYPES];
const FLOATS: readonly ElementType[] = ['float32', 'float16', 'bfloat16'];

/** Where a weight lies, as a graph needs it; `file` is relative to `Checkpoint.folder`. */
export interface LocatedWeight {
  elementType: ElementType;
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
    const { folder, files, promised } = await findWeightFiles(path);
    const entries = await readEntries(files);
    assertPromisesKept(promised, entries);
    return new Checkpoint(path, folder, entries);
  }

  /** The tensors of one safetensors file. @throws TuskError `checkpoint-missing`, `-damaged`, `-unsupported`. */
  static async ofFile(path: string): Promise<Checkpoint> {
    await fileSize(path);
    const real = await realpath(path);
    return new Checkpoint(dirname(path), dirname(real), await readEntries([real]));
  }

  get tensors(): Iterable<TensorEntry> {
    return this.entries.values();
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** @throws TuskError `checkpoint-damaged` naming tensor, expected and found. */
  locate(name: string, shape: readonly number[], types: readonly ElementType[] = FLOATS): LocatedWeight {
    const entry = this.entry(name);
    if (entry.shape.length !== shape.length || entry.shape.some((d, i) => d !== shape[i])) {
      throw new TuskError(
        'checkpoint-damaged',
        `The tensor "${name}" in ${basename(entry.path)} has shape [${entry.shape}], the config implies [${shape}].`,
        { hint: 'config.json and the weights are from different checkpoints.' },
      );
    }
    const elementType = ELEMENT_TYPES[entry.dtype as keyof typeof ELEMENT_TYPES];
    if (!types.includes(elementType)) {
      throw new TuskError('checkpoint-unsupported', `The tensor "${name}" has dtype ${entry.dtype}.`, {
        hint: `It must be ${types.join(' or ')}.`,
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

async function readEntries(files: readonly string[]): Promise<Map<string, TensorEntry>> {
  const entries = new Map<string, TensorEntry>();
  for (const file of files) {
    for (const entry of await readSafetensorsHeader(file)) {
      if (entries.has(entry.name))
        throw new TuskError('checkpoint-damaged', `The tensor "${entry.name}" is in two files.`);
      entries.set(entry.name, entry);
    }
  }
  return entries;
}

function assertPromisesKept(
  promised: Readonly<Record<string, string>>,
  entries: ReadonlyMap<string, TensorEntry>,
): void {
  const missing = Object.keys(promised).find((name) => !entries.has(name));
  if (missing === undefined) return;
  throw new TuskError(
    'checkpoint-damaged',
    `${promised[missing]} lacks the tensor "${missing}" that the index promises.`,
    { hint: 'Fetch the weight files and their index again, all from one place.' },
  );
}
