/**
 * What a compiled checkpoint was made from and for. Files are told apart by size and time of change, and by the hash
 * of what they held where these differ: whoever only copied them need not wait again.
 */
import { createHash, type Hash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { type ByteSource, withFile } from '../checkpoint/file.ts';
import { fingerprint } from '../checkpoint/fingerprint.ts';
import type { TensorEntry } from '../checkpoint/safetensors.ts';
import { throwIfCancelled } from '../errors.ts';
import { integerUnit } from './processor.ts';

/** Changes whenever this engine would compile the same source to other bytes. */
export const ENGINE = 'int4-128 int8-row 4';
const HASH_BYTES = 32 * 2 ** 20;

const files = z.array(z.object({ name: z.string(), sizeBytes: z.number(), modifiedMs: z.number() }));

export const compileSource = z.object({
  engine: z.string(),
  /** See processor.ts. */
  processor: z.string(),
  /** The source's folder, where it lay. */
  path: z.string(),
  fingerprint: z.string(),
  /** The weight files. */
  files,
});
export type CompileSource = z.infer<typeof compileSource>;

export async function compileSourceOf(checkpoint: Checkpoint): Promise<CompileSource> {
  const paths = [...new Set([...checkpoint.tensors].map(({ path }) => path))].sort();
  const stamps = await Promise.all(
    paths.map(async (path) => {
      const { size, mtimeMs } = await stat(path);
      return { name: basename(path), sizeBytes: size, modifiedMs: mtimeMs };
    }),
  );
  return {
    engine: ENGINE,
    processor: (await integerUnit()).name,
    path: await realpath(checkpoint.path),
    fingerprint: await fingerprint(checkpoint),
    files: stamps,
  };
}

/** What a begun compile must share to be gone on with. */
export const keyOf = (source: CompileSource): string =>
  createHash('sha256').update(JSON.stringify(source)).digest('hex');

/** The same bytes would come out, wherever the source lies now. */
export const isSameWork = (a: CompileSource, b: CompileSource): boolean =>
  a.engine === b.engine && a.processor === b.processor && a.fingerprint === b.fingerprint;

/** None of the files was touched. */
export const isUntouched = (a: CompileSource, b: CompileSource): boolean =>
  JSON.stringify(a.files) === JSON.stringify(b.files);

/** Passes everything that is read on to a hash. */
export const hashing = (source: ByteSource, hash: Hash): ByteSource => ({
  ...source,
  read: async (position, length) => {
    const bytes = await source.read(position, length);
    hash.update(bytes);
    return bytes;
  },
});

/** One hash for all tensors. @param hashes of each, in the checkpoint's order */
export function joinHashes(entries: readonly TensorEntry[], hashes: readonly string[]): string {
  const hash = createHash('sha256');
  for (const [i, { name, dtype, shape }] of entries.entries())
    hash.update(`${name} ${dtype} ${shape} ${hashes[i]}\n`);
  return hash.digest('hex');
}

/** Reads all weights, in pieces; what `joinHashes` gave when they were compiled. */
export async function contentHash(checkpoint: Checkpoint, signal?: AbortSignal): Promise<string> {
  const entries = [...checkpoint.tensors];
  const hashes: string[] = [];
  for (const { path, offset, length } of entries) {
    const hash = createHash('sha256');
    await withFile(path, async (source) => {
      for (let done = 0; done < length; done += HASH_BYTES) {
        throwIfCancelled(signal);
        hash.update(await source.read(offset + done, Math.min(HASH_BYTES, length - done)));
      }
    });
    hashes.push(hash.digest('hex'));
  }
  return joinHashes(entries, hashes);
}
