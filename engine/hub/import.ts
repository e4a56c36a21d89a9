/**
 * A checkpoint folder into one of Tusk's own: everything is checked first, then copied beside its place and moved there
 * whole.
 */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CancelledError, TuskError, throwIfCancelled } from '../errors.ts';
import { copyWhole } from '../files.ts';
import { assertHashes, type FoundFile, type Inspection, inspectFolder } from './inspect.ts';
import { importPart, removeLeftovers } from './leftovers.ts';
import { lockFolder } from './lock.ts';
import { assertNew, assertRoom, moveInPlace, writeFailure } from './space.ts';

export interface ImportOptions {
  source: string;
  /** The checkpoint folder to make. */
  folder: string;
  signal?: AbortSignal;
  onProgress?: (stage: 'checking' | 'copying', doneBytes: number, totalBytes: number) => void;
}

/**
 * @returns what was found, and where it lies now
 * @throws CancelledError; TuskError of `inspectFolder` and `assertHashes`, `bad-setting`, `disk-full`, `file-write`
 */
export async function importCheckpoint(options: ImportOptions): Promise<Inspection & { folder: string }> {
  const folder = resolve(options.folder);
  await assertNew(folder);
  await removeLeftovers(dirname(folder));
  const unlock = await lockFolder(folder);
  try {
    return await importInto(folder, options);
  } finally {
    await unlock();
  }
}

async function importInto(folder: string, options: ImportOptions): Promise<Inspection & { folder: string }> {
  const { signal, onProgress } = options;
  const found = await inspectFolder(options.source);
  const counting = (stage: 'checking' | 'copying') => {
    let done = 0;
    return (bytes: number) => {
      done += bytes;
      onProgress?.(stage, done, found.totalBytes);
    };
  };
  try {
    await assertHashes(found.files, counting('checking'), signal);
    await assertRoom(dirname(folder), found.totalBytes);
    await copyFiles(found.files, folder, counting('copying'), signal);
  } catch (thrown) {
    throw signal?.aborted ? new CancelledError() : thrown;
  }
  return { ...found, folder };
}

async function copyFiles(
  files: readonly FoundFile[],
  folder: string,
  onBytes: (count: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const temporary = importPart(folder);
  try {
    await mkdir(temporary, { recursive: true });
    for (const { name, path, sizeBytes } of files) {
      throwIfCancelled(signal);
      await copyWhole(path, join(temporary, name));
      onBytes(sizeBytes);
    }
    await moveInPlace(temporary, folder);
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true });
    throw cause instanceof TuskError ? cause : writeFailure(folder, cause);
  }
}
