/** Files that are written whole or not at all: temporary file beside the target, fsync, rename, fsync of the folder. */
import { randomBytes } from 'node:crypto';
import {
  access,
  chmod,
  constants,
  copyFile,
  type FileHandle,
  open,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { TuskError } from './errors.ts';

const PART = '.part';

/** Whether a file of that name is what a kill left of a write. */
export const isPart = (name: string): boolean => name.startsWith('.') && name.endsWith(PART);

/** @throws TuskError `file-write`; then the target is as it was before. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const target = resolve(path);
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}${PART}`);
  try {
    await writeAndSync(temporary, bytes);
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw notWritable(target, cause);
  }
  await syncFolder(dirname(target));
}

/** Finds out before a long run that its result could not be saved. @throws TuskError `file-write`. */
export async function assertWritable(path: string): Promise<void> {
  const target = resolve(path);
  const info = await stat(target).catch(() => undefined);
  if (info && !info.isFile()) throw notWritable(target, new Error('it is not an ordinary file'));
  try {
    await access(dirname(target), constants.W_OK);
  } catch (cause) {
    throw notWritable(target, cause);
  }
}

async function writeAndSync(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A copy that outlives a power cut, whatever the rights of the original; blocks are shared where the disk can. */
export async function copyWhole(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await chmod(to, 0o644);
  const file = await open(to, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** All bytes: on a disk that is nearly full one write may take fewer than it is given. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Some systems can't sync a folder; the file itself is safe by then. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

function notWritable(path: string, cause: unknown): TuskError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TuskError('file-write', `${path} can't be written: ${reason}.`, {
    cause,
    hint: 'Choose another place, or free some space.',
  });
}
