/** Checkpoint folders to break: copies of the small parity checkpoint, and safetensors files written by hand. */
import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const INTACT = resolve('test/parity/alpha/checkpoint');

/** A new folder that holds the named files of the intact checkpoint (as links), or all but those changed. */
export async function linkedCheckpoint(without: readonly string[] = []): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tusk-checkpoint-'));
  for (const name of readdirSync(INTACT)) {
    if (!without.includes(name)) await symlink(join(INTACT, name), join(folder, name));
  }
  return folder;
}

export const removeFolder = (folder: string) => rm(folder, { recursive: true, force: true });

/** Replaces a linked file, leaving the intact checkpoint alone. */
export async function replaceFile(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  await rm(join(folder, name), { force: true, recursive: true });
  await writeFile(join(folder, name), content);
}

type Json = Record<string, unknown>;

/** Rewrites config.json with one value changed; `path` is dotted. */
export async function changeConfig(folder: string, path: string, value: unknown): Promise<void> {
  const config = JSON.parse(await readFile(join(INTACT, 'config.json'), 'utf8')) as Json;
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.reduce((object, key) => object[key] as Json, config);
  parent[last] = value;
  await replaceFile(folder, 'config.json', JSON.stringify(config));
}

/** A safetensors file of a header (any JSON value, or text as it stands) and its data bytes. */
export function safetensors(header: unknown, data: Uint8Array = new Uint8Array()): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}
