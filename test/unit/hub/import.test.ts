/** Importing a folder or a hub cache: checked whole before a byte is written, copied whole or not at all. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { importCheckpoint } from '../../../engine/hub/import.ts';
import { lockFolder } from '../../../engine/hub/lock.ts';
import { Model } from '../../../engine/load.ts';
import {
  changeConfig,
  INTACT,
  linkedCheckpoint,
  removeFolder,
  replaceFile,
} from '../../helpers/checkpoint-folder.ts';

let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'tusk-import-'));
  folder = join(parent, 'models', 'mine');
});
afterEach(() => rm(parent, { recursive: true }));

/** A hub cache: `snapshots/x/name` -> `blobs/hash`. */
async function hubCache(): Promise<string> {
  const blobs = join(parent, 'cache', 'blobs');
  const snapshot = join(parent, 'cache', 'snapshots', 'x');
  await mkdir(blobs, { recursive: true });
  await mkdir(snapshot, { recursive: true });
  for (const name of await readdir(INTACT)) {
    const bytes = await readFile(join(INTACT, name));
    const hash = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, hash), bytes);
    await symlink(join('..', '..', 'blobs', hash), join(snapshot, name));
  }
  return snapshot;
}

const blobOf = async (snapshot: string, name: string) => {
  const bytes = await readFile(join(snapshot, name));
  return join(parent, 'cache', 'blobs', createHash('sha256').update(bytes).digest('hex'));
};

const weights = async () => (await readdir(INTACT)).find((name) => name.endsWith('.safetensors'))!;

test('a plain folder is copied whole and opens as a model', async () => {
  const stages = new Set<string>();
  const found = await importCheckpoint({ source: INTACT, folder, onProgress: (stage) => stages.add(stage) });
  assert.equal(found.folder, folder);
  assert.ok(found.networks.some(({ name }) => name === 'text decoder'));
  assert.deepEqual(await readdir(join(parent, 'models')), ['mine']);
  for (const { name } of found.files)
    assert.deepEqual(await readFile(join(folder, name)), await readFile(join(INTACT, name)));
  const [mine, theirs] = [await Model.open(folder), await Model.open(INTACT)];
  assert.equal(mine.fingerprint, theirs.fingerprint);
  await Promise.all([mine.dispose(), theirs.dispose()]);
});

test('a hub cache is read through its links, and its files become real ones', async () => {
  const found = await importCheckpoint({ source: await hubCache(), folder });
  assert.ok(found.files.every(({ hash }) => hash?.kind === 'sha256'));
  await rm(join(parent, 'cache'), { recursive: true });
  await (await Model.open(folder)).dispose();
});

test('a blob whose content is not what its name promises is found before anything is written', async () => {
  const snapshot = await hubCache();
  const name = 'tokenizer_config.json';
  const blob = await blobOf(snapshot, name);
  const bytes = await readFile(blob);
  bytes[bytes.length - 1] = 32;
  await writeFile(blob, bytes);
  await assert.rejects(importCheckpoint({ source: snapshot, folder }), {
    code: 'checkpoint-damaged',
    message: /tokenizer_config/,
  });
  assert.ok(!existsSync(folder));
});

test('a cache that lacks a blob says which file', async () => {
  const snapshot = await hubCache();
  await rm(await blobOf(snapshot, 'preprocessor_config.json'));
  await assert.rejects(importCheckpoint({ source: snapshot, folder }), {
    code: 'checkpoint-missing',
    message: /preprocessor_config/,
  });
});

for (const name of [
  'config.json',
  'tokenizer_config.json',
  'und_generation_config.json',
  'mammothu.tiktoken',
])
  test(`a folder without ${name} is refused`, async () => {
    const source = await linkedCheckpoint([name]);
    await assert.rejects(importCheckpoint({ source, folder }), { code: 'checkpoint-missing' });
    assert.ok(!existsSync(join(parent, 'models', 'mine')));
    await removeFolder(source);
  });

test('weights that do not fit the config are refused by tensor name', async () => {
  const source = await linkedCheckpoint();
  await changeConfig(source, 'llm_config.text_config.intermediate_size', 96);
  await assert.rejects(importCheckpoint({ source, folder }), {
    code: 'checkpoint-damaged',
    message: /mlp.*shape/,
  });
  await removeFolder(source);
});

test('weights that were cut short are refused', async () => {
  const source = await linkedCheckpoint();
  const name = await weights();
  const bytes = await readFile(join(INTACT, name));
  await replaceFile(source, name, bytes.subarray(0, bytes.length - 10));
  await assert.rejects(importCheckpoint({ source, folder }), { code: 'checkpoint-damaged' });
  await removeFolder(source);
});

test('a place that is taken stays as it is; a cancelled import leaves nothing', async () => {
  await mkdir(folder, { recursive: true });
  await assert.rejects(importCheckpoint({ source: INTACT, folder }), { code: 'bad-setting' });
  assert.deepEqual(await readdir(folder), []);
  const controller = new AbortController();
  const onProgress = (stage: string) => void (stage === 'copying' && controller.abort());
  const other = join(parent, 'models', 'other');
  await assert.rejects(
    importCheckpoint({ source: INTACT, folder: other, signal: controller.signal, onProgress }),
    {
      code: 'cancelled',
    },
  );
  assert.deepEqual(await readdir(join(parent, 'models')), ['mine']);
});

test('what killed imports left is removed by the next one, unless somebody is at work on it', async () => {
  const models = join(parent, 'models');
  const left = (name: string) => join(models, `.${name}.import.part`);
  for (const name of ['mine', 'killed', 'running']) {
    await mkdir(left(name), { recursive: true });
    await writeFile(join(left(name), 'config.json'), 'torn');
  }
  const unlock = await lockFolder(join(models, 'running'));
  await importCheckpoint({ source: INTACT, folder });
  assert.deepEqual((await readdir(models)).sort(), ['.running.import.part', 'mine']);
  await unlock();
  await importCheckpoint({ source: INTACT, folder: join(models, 'second') });
  assert.deepEqual((await readdir(models)).sort(), ['mine', 'second']);
});
