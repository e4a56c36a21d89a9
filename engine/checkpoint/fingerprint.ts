/** Tells checkpoints apart without reading them whole. */
import { createHash } from 'node:crypto';
import type { Checkpoint } from './checkpoint.ts';
import { withFile } from './file.ts';
import type { TensorEntry } from './safetensors.ts';

/** The start of every tensor is enough: training changes all of them. */
const SAMPLE_BYTES = 256;

/** sha256 over config.json and, for each tensor, its name, dtype, shape and first bytes; in hexadecimal. */
export async function fingerprint(checkpoint: Checkpoint): Promise<string> {
  const hash = createHash('sha256').update(await checkpoint.readText('config.json'));
  for (const [path, entries] of byFile(checkpoint.tensors)) {
    await withFile(path, async (source) => {
      for (const { name, dtype, shape, offset, length } of entries) {
        hash.update(`\n${name} ${dtype} ${shape} `);
        hash.update(await source.read(offset, Math.min(SAMPLE_BYTES, length)));
      }
    });
  }
  return hash.digest('hex');
}

function byFile(tensors: Iterable<TensorEntry>): Map<string, TensorEntry[]> {
  const files = new Map<string, TensorEntry[]>();
  for (const entry of tensors) files.set(entry.path, [...(files.get(entry.path) ?? []), entry]);
  return files;
}
