/** Files appear whole or not at all. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { TuskError } from '../../../engine/errors.ts';
import { assertWritable, writeWhole } from '../../../engine/files.ts';
import { workFolder } from '../../helpers/tusk.ts';

const isFileWrite = (thrown: unknown) => thrown instanceof TuskError && thrown.code === 'file-write';

test('a written file has its bytes and leaves nothing beside it', async () => {
  const folder = await workFolder();
  await writeFile(join(folder, 'a.png'), 'old');
  await writeWhole(join(folder, 'a.png'), Buffer.from('new'));
  assert.equal(await readFile(join(folder, 'a.png'), 'utf8'), 'new');
  assert.deepEqual(await readdir(folder), ['a.png']);
  await rm(folder, { recursive: true });
});

test('where the target can not be replaced it stays, and no part file is left', async () => {
  const folder = await workFolder();
  await mkdir(join(folder, 'a.png', 'inside'), { recursive: true });
  await assert.rejects(writeWhole(join(folder, 'a.png'), Buffer.from('new')), isFileWrite);
  await assert.rejects(assertWritable(join(folder, 'a.png')), isFileWrite);
  assert.deepEqual(await readdir(folder), ['a.png']);
  await rm(folder, { recursive: true });
});

test('a folder that does not exist is told before a run', async () => {
  await assert.rejects(assertWritable('/nowhere/at/all/a.png'), isFileWrite);
});
