/** Reading files that may be damaged, missing or no files at all: every failure is a `TuskError`. */
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { TuskError } from '../errors.ts';

const MAX_TEXT_BYTES = 64 * 2 ** 20;
/** One read call takes a signed 32-bit length. */
const MAX_READ_BYTES = 2 ** 30;

export function damaged(path: string, what: string, cause?: unknown): TuskError {
  return new TuskError('checkpoint-damaged', `${basename(path)}: ${what}.`, {
    cause,
    hint: 'Fetch or copy the file again.',
  });
}

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Size in bytes. @throws TuskError `checkpoint-missing` if there is no such file, `-damaged` if it isn't an ordinary one. */
export async function fileSize(path: string): Promise<number> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new TuskError('checkpoint-missing', `The file ${basename(path)} is missing.`, {
      cause,
      hint: 'Fetch the whole checkpoint folder.',
    });
  });
  if (!info.isFile()) throw damaged(path, 'it is no ordinary file');
  return info.size;
}

/** Bytes with a name for errors; a file, or memory in tests. */
export interface ByteSource {
  readonly path: string;
  readonly sizeBytes: number;
  /** Exactly `length` bytes in memory of their own. @throws TuskError `checkpoint-damaged` if there are fewer. */
  read(position: number, length: number): Promise<Buffer<ArrayBuffer>>;
}

/** Opens, calls and closes. @throws TuskError `checkpoint-missing`, `checkpoint-damaged`. */
export async function withFile<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const sizeBytes = await fileSize(path);
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw damaged(path, 'it can not be opened', cause);
  });
  try {
    return await use({ path, sizeBytes, read: (at, length) => readBytes(file, path, at, length) });
  } finally {
    await file.close();
  }
}

async function readBytes(
  file: FileHandle,
  path: string,
  position: number,
  length: number,
): Promise<Buffer<ArrayBuffer>> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const want = Math.min(length - done, MAX_READ_BYTES);
    const { bytesRead } = await file.read(buffer, done, want, position + done).catch((cause: unknown) => {
      throw damaged(path, 'it can not be read', cause);
    });
    if (bytesRead === 0) throw damaged(path, `it ends at byte ${position + done}, cut short`);
    done += bytesRead;
  }
  return buffer;
}

/** A text file of the folder, at most 64 MiB. @throws TuskError `checkpoint-missing`, `checkpoint-damaged`. */
export async function readTextFile(path: string): Promise<string> {
  if ((await fileSize(path)) > MAX_TEXT_BYTES) throw damaged(path, 'it is implausibly large');
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw damaged(path, 'it can not be read', cause);
  });
}
