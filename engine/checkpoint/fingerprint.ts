/** Tells checkpoints apart without reading them whole. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Checkpoint } from './checkpoint.ts';
import type { TensorEntry } from './safetensors.ts';

/** The start of every tensor is enough: training changes all of them. */
const SAMPLE_BYTES = 256;

/** sha256 over config.json and, for each tensor, its name, dtype, shape and first bytes; in hexadecimal. */
export async function fingerprint(checkpoint: Checkpoint): Promise<string> {
  const hash = createHash('sha256').update(await checkpoint.readText('config.json'));
  for (const [path, entries] of byFile(checkpoint.tensors)) {
    const file = await open(path, 'r');
    try {
      for (const { name, dtype, shape, offset, length } of entries) {
        const sample = Buffer.alloc(Math.min(SAMPLE_BYTES, length));
        await file.read(sample, 0, sample.length, offset);
        hash.update(`\n${name} ${dtype} ${shape} `).update(sample);
      }
    } finally {
      await file.close();
    }
  }
  return hash.digest('hex');
}

function byFile(tensors: Iterable<TensorEntry>): Map<string, TensorEntry[]> {
  const files = new Map<string, TensorEntry[]>();
  for (const entry of tensors) files.set(entry.path, [...(files.get(entry.path) ?? []), entry]);
  return files;
}
