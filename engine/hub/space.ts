/** Place and room on the disk, looked at before anything is written; and the move of what is whole to its place. */
import { mkdir, rename, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TuskError } from '../errors.ts';
import { syncFolder } from '../files.ts';

/** Left free for everything else on the disk. */
const RESERVE_BYTES = 200e6;

/** Its parent is made. @throws TuskError `bad-setting` if the folder is there already; `file-write` */
export async function assertNew(folder: string): Promise<void> {
  await makeFolder(dirname(folder));
  if (!(await stat(folder).catch(() => undefined))) return;
  throw new TuskError('bad-setting', `${folder} is there already.`, {
    hint: 'Choose another folder, or use it as it is.',
  });
}

/** Bytes that may still be written there, all but the reserve. @param folder is made if it isn't there */
export async function freeSpace(folder: string): Promise<number> {
  await makeFolder(folder);
  const { bavail, bsize } = await statfs(folder);
  return Math.max(0, bavail * bsize - RESERVE_BYTES);
}

/** @param folder is made if it isn't there. @throws TuskError `disk-full` naming what is needed and what is free; `file-write` */
export async function assertRoom(folder: string, neededBytes: number): Promise<void> {
  const freeBytes = await freeSpace(folder);
  if (neededBytes <= freeBytes) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new TuskError(
    'disk-full',
    `${folder} needs ${gigabytes(neededBytes)} more, ${gigabytes(freeBytes)} are free.`,
    { hint: 'Free some space, or choose a folder on another disk.' },
  );
}

/** In place, and there after a power cut. @throws TuskError `file-write` */
export async function moveInPlace(temporary: string, folder: string): Promise<void> {
  try {
    await syncFolder(temporary);
    await rename(temporary, folder);
    await syncFolder(dirname(folder));
  } catch (cause) {
    throw writeFailure(folder, cause);
  }
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw writeFailure(folder, cause);
  });
}

/** A failed write as what it means. */
export function writeFailure(path: string, cause: unknown): TuskError {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new TuskError('disk-full', `The disk is full: ${path} can't grow.`, {
      cause,
      hint: 'Free some space and start again.',
    });
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TuskError('file-write', `${path} can't be written: ${reason}.`, {
    cause,
    hint: 'Choose another folder.',
  });
}
