/**
 * Compiled checkpoints that Tusk makes and keeps by itself, one a source folder. One that fits its source, this engine
 * or this processor no more is made again when it is next wanted; one whose source is gone is used as long as this
 * engine can read it.
 */
import { createHash } from 'node:crypto';
import { readdir, realpath, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { TuskError } from '../errors.ts';
import {
  type CompileNotes,
  type CompileOptions,
  compileCheckpoint,
  readNotes,
  writeNotes,
} from './compile.ts';
import { compileSourceOf, contentHash, ENGINE, isSameWork, isUntouched } from './compile-source.ts';
import { compiledFolder } from './folders.ts';
import { lockFolder } from './lock.ts';

export interface CachedCompile {
  folder: string;
  /** The folder it was made from. */
  source: string;
  sizeBytes: number;
  /** `begun`: not finished, the next try goes on. `alone`: the source is gone. */
  state: 'ready' | 'stale' | 'begun' | 'alone';
}

/** The folder that holds the compiled form of a checkpoint, or would. */
export async function cachedFolder(source: string): Promise<string> {
  const path = await realpath(source).catch(() => source);
  const name = createHash('sha256').update(path).digest('hex').slice(0, 16);
  return join(compiledFolder(), `${basename(path)}-${name}`);
}

/** The compiled form of a checkpoint if it is there and fits. */
export async function findCompiled(source: string, signal?: AbortSignal): Promise<string | undefined> {
  const folder = await cachedFolder(source);
  const notes = await readNotes(folder);
  return notes && (await isFitting(folder, notes, signal)) ? folder : undefined;
}

/** Finds it, or makes it. @throws CancelledError; TuskError of `compileCheckpoint` */
export async function ensureCompiled(options: Omit<CompileOptions, 'folder'>): Promise<string> {
  const found = await findCompiled(options.source, options.signal);
  if (found !== undefined) return found;
  const folder = await cachedFolder(options.source);
  await rm(folder, { recursive: true, force: true });
  await compileCheckpoint({ ...options, folder });
  return folder;
}

/**
 * A compiled checkpoint somebody opens by itself: made again from its source if it is stale and the source is there.
 * @returns whether it was made again; false also for a folder that isn't compiled
 * @throws TuskError `checkpoint-unsupported` if another engine made it and its source is gone
 */
export async function renewIfStale(
  folder: string,
  options: Pick<CompileOptions, 'signal' | 'onProgress'>,
): Promise<boolean> {
  const notes = await readNotes(folder);
  if (!notes || (await isFitting(folder, notes, options.signal))) return false;
  const { path } = notes.source;
  await rm(folder, { recursive: true });
  await compileCheckpoint({ ...options, source: path, folder });
  return true;
}

async function isFitting(folder: string, notes: CompileNotes, signal?: AbortSignal): Promise<boolean> {
  const { path } = notes.source;
  if (!(await isFolder(path))) return assertReadable(notes);
  const checkpoint = await Checkpoint.open(path);
  const source = await compileSourceOf(checkpoint);
  if (!isSameWork(source, notes.source)) return false;
  if (isUntouched(source, notes.source)) return true;
  if ((await contentHash(checkpoint, signal)) !== notes.sha256) return false;
  await writeNotes(folder, { ...notes, source });
  return true;
}

function assertReadable({ source }: CompileNotes): true {
  if (source.engine === ENGINE) return true;
  throw new TuskError('checkpoint-unsupported', 'The compiled model was made by another version of Tusk.', {
    hint: `Its source is gone from ${source.path}: bring it back, and it is compiled again.`,
  });
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

/** All there are, unfinished ones too. */
export async function listCompiled(): Promise<CachedCompile[]> {
  const names = (await readdir(compiledFolder()).catch(() => [])).sort();
  return Promise.all(names.map((name) => look(join(compiledFolder(), name))));
}

async function look(folder: string): Promise<CachedCompile> {
  const notes = await readNotes(folder);
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  const sizeBytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  return { folder, source: notes?.source.path ?? '', sizeBytes, state: await stateOf(notes) };
}

async function stateOf(notes: CompileNotes | undefined): Promise<CachedCompile['state']> {
  if (!notes) return 'begun';
  if (!(await isFolder(notes.source.path))) return 'alone';
  const source = await Checkpoint.open(notes.source.path).then(compileSourceOf, () => undefined);
  return source && isSameWork(source, notes.source) ? 'ready' : 'stale';
}

/** Those of one source, unfinished ones too; without one all. @returns the folders that are gone now */
export async function removeCompiled(source?: string): Promise<string[]> {
  const wanted = source === undefined ? undefined : await cachedFolder(source);
  const all = (await listCompiled()).map(({ folder }) => folder);
  const folders = all.filter((folder) => !wanted || folder === wanted || folder === `${wanted}.part`);
  for (const folder of folders) {
    const unlock = await lockFolder(folder.replace(/\.part$/, ''));
    await rm(folder, { recursive: true, force: true }).finally(unlock);
  }
  return folders;
}
