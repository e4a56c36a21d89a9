/** Hashes of whole files, read in pieces. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { HubFile } from './listing.ts';

const READ_BYTES = 4 * 2 ** 20;

/** @throws what the file system gives, AbortError */
export async function hashFile(
  path: string,
  kind: HubFile['hash']['kind'],
  signal?: AbortSignal,
): Promise<string> {
  const hash = kind === 'sha256' ? createHash('sha256') : gitHash((await stat(path)).size);
  const stream = createReadStream(path, { highWaterMark: READ_BYTES, ...(signal && { signal }) });
  for await (const piece of stream) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** Git hashes a file behind a line that says its kind and size. */
const gitHash = (sizeBytes: number): Hash => createHash('sha1').update(`blob ${sizeBytes}\0`);
