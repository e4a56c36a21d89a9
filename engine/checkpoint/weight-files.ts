/** Which files of a checkpoint folder hold its weights, looked for in the official order. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TuskError } from '../errors.ts';
import { damaged, exists, readTextFile } from './file.ts';

const SINGLE_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';
/** Beside the weights, of no official checkpoint: what quick presets make pixels with. */
export const TINY_DECODER_FILE = 'tiny_decoder.safetensors';
const WHAT_TO_GIVE = 'Give the folder that holds config.json and the .safetensors files.';

export interface WeightFiles {
  /** The one real folder of all files: onnxruntime takes external data from one only. */
  folder: string;
  /** Real paths (symlinks resolved, as in a hub cache). */
  files: readonly string[];
  /** Tensor -> file, as the index promises; empty without an index. */
  promised: Readonly<Record<string, string>>;
}

/** @throws TuskError `checkpoint-missing`, `checkpoint-damaged` or `checkpoint-unsupported`, naming the file. */
export async function findWeightFiles(path: string): Promise<WeightFiles> {
  await assertFolder(path);
  const single = await exists(join(path, SINGLE_FILE));
  const promised = single ? {} : await readIndex(path);
  const named = single ? [SINGLE_FILE] : [...new Set(Object.values(promised))].sort();
  const names = named.length > 0 ? named : await safetensorsNames(path);
  const files = await Promise.all(names.map((name) => realFile(path, name)));
  return { folder: commonFolder(files), files, promised };
}

async function assertFolder(path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isDirectory()) return;
  throw new TuskError(
    info ? 'checkpoint-unsupported' : 'checkpoint-missing',
    info ? `${path} is a file, not a checkpoint folder.` : `There is no folder ${path}.`,
    { hint: WHAT_TO_GIVE },
  );
}

async function readIndex(path: string): Promise<Record<string, string>> {
  const file = join(path, INDEX_FILE);
  if (!(await exists(file))) return {};
  const map = parseIndex(file, await readTextFile(file));
  if (typeof map === 'object' && map !== null && Object.values(map).every((v) => typeof v === 'string'))
    return map as Record<string, string>;
  throw damaged(file, 'it has no valid weight_map');
}

function parseIndex(file: string, text: string): unknown {
  try {
    return (JSON.parse(text) as { weight_map?: unknown } | null)?.weight_map;
  } catch (cause) {
    throw damaged(file, `it isn't valid JSON`, cause);
  }
}

async function safetensorsNames(path: string): Promise<string[]> {
  const isWeights = (name: string) => name.endsWith('.safetensors') && name !== TINY_DECODER_FILE;
  const names = (await readdir(path)).filter(isWeights).sort();
  if (names.length > 0) return names;
  throw new TuskError('checkpoint-missing', `${path} holds no .safetensors file.`, { hint: WHAT_TO_GIVE });
}

async function realFile(folder: string, name: string): Promise<string> {
  if (basename(name) !== name)
    throw new TuskError('checkpoint-damaged', `The index names a file outside its folder: ${name}.`);
  return realpath(join(folder, name)).catch((cause: unknown) => {
    throw new TuskError('checkpoint-missing', `The weight file ${name} is missing.`, {
      cause,
      hint: 'Fetch the missing shard; the others can stay.',
    });
  });
}

function commonFolder(files: readonly string[]): string {
  const folders = new Set(files.map((file) => dirname(file)));
  if (folders.size === 1) return [...folders][0]!;
  throw new TuskError('checkpoint-unsupported', 'The weight files lie in different folders.', {
    hint: 'Put all shards into one folder.',
  });
}
