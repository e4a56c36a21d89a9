/**
 * Whether a folder holds a whole checkpoint, before anything is done with it: a plain folder, or a snapshot of a hub
 * cache, whose files are links to blobs named by their hash.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { type CheckpointConfig, readConfig } from '../checkpoint/config.ts';
import { describeNetworks, type NetworkDescription } from '../checkpoint/describe.ts';
import { TuskError } from '../errors.ts';
import { buildNetworks } from '../models/networks.ts';
import { hashFile } from './hash.ts';
import { type HubFile, isWanted } from './listing.ts';

const NEEDED = [
  'config.json',
  'tokenizer_config.json',
  'preprocessor_config.json',
  't2i_generation_config.json',
  'und_generation_config.json',
];
const NEEDED_KINDS = [
  ['a chat template', /^chat_template\.(jinja|json)$/],
  ['a vocabulary', /\.tiktoken$/],
] as const;

/** Names of blobs in a hub cache. */
const BLOB_HASHES = { 64: 'sha256', 40: 'git-sha1' } as const;

export interface FoundFile {
  name: string;
  /** Links resolved. */
  path: string;
  sizeBytes: number;
  /** Where the folder says it. */
  hash?: HubFile['hash'];
}

export interface Inspection {
  files: FoundFile[];
  totalBytes: number;
  networks: NetworkDescription[];
}

/**
 * Names, headers, shapes and dtypes; no weights are read.
 * @throws TuskError `checkpoint-missing`, `checkpoint-damaged`, `checkpoint-unsupported` naming file, tensor or key
 */
export async function inspectFolder(folder: string): Promise<Inspection> {
  const checkpoint = await Checkpoint.open(folder);
  const files = await findFiles(folder);
  assertComplete(files);
  const config: CheckpointConfig = await readConfig(checkpoint);
  buildNetworks(checkpoint, config);
  const networks = describeNetworks(checkpoint.tensors);
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { files, totalBytes, networks };
}

async function findFiles(folder: string): Promise<FoundFile[]> {
  const names = (await readdir(folder)).filter(isWanted).sort();
  return Promise.all(names.map((name) => findFile(folder, name)));
}

async function findFile(folder: string, name: string): Promise<FoundFile> {
  const path = await realpath(join(folder, name)).catch((cause: unknown) => {
    throw new TuskError('checkpoint-missing', `${name} is a link to a file that isn't there.`, {
      cause,
      hint: 'The cache is incomplete: download the model again.',
    });
  });
  const { size } = await stat(path);
  const blob = basename(path);
  const kind = /^[0-9a-f]+$/.test(blob) ? BLOB_HASHES[blob.length as keyof typeof BLOB_HASHES] : undefined;
  return { name, path, sizeBytes: size, ...(kind && { hash: { kind, hex: blob } }) };
}

function assertComplete(files: readonly FoundFile[]): void {
  const names = files.map(({ name }) => name);
  const file = NEEDED.find((name) => !names.includes(name));
  const kind = NEEDED_KINDS.find(([, pattern]) => !names.some((name) => pattern.test(name)));
  const missing = file ?? kind?.[0];
  if (missing === undefined) return;
  throw new TuskError('checkpoint-missing', `The folder lacks ${missing}.`, {
    hint: 'Fetch the whole repository, not the weights alone.',
  });
}

/** Reads the files whose hash is known. @throws TuskError `checkpoint-damaged` naming the first that is another. */
export async function assertHashes(
  files: readonly FoundFile[],
  onBytes: (count: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  for (const { name, path, sizeBytes, hash } of files) {
    if (!hash) continue;
    if ((await hashFile(path, hash.kind, signal)) !== hash.hex)
      throw new TuskError(
        'checkpoint-damaged',
        `${name} has another content than its name in the cache promises.`,
        {
          hint: 'Download the model again.',
        },
      );
    onBytes(sizeBytes);
  }
}
