/** What a checkpoint says about itself: checked, and left out without harm. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import { readTuskConfig, type TuskConfig } from '../../../engine/checkpoint/tusk-config.ts';
import { TuskError } from '../../../engine/errors.ts';
import { linkedCheckpoint, removeFolder, replaceFile } from '../../helpers/checkpoint-folder.ts';

/** @param said absent = there is no tusk.json */
async function configOf(said?: object): Promise<TuskConfig> {
  const folder = await linkedCheckpoint(['tusk.json']);
  try {
    if (said) await replaceFile(folder, 'tusk.json', JSON.stringify(said));
    return await readTuskConfig(await Checkpoint.open(folder));
  } finally {
    await removeFolder(folder);
  }
}

const namesLanguages = (thrown: unknown) =>
  thrown instanceof TuskError &&
  thrown.code === 'checkpoint-damaged' &&
  thrown.message.startsWith('tusk.json: languages');

test('languages a model understands are codes; one that states none has none', async () => {
  assert.deepEqual((await configOf({ languages: ['en', 'zh'] })).languages, ['en', 'zh']);
  assert.deepEqual((await configOf({})).languages, []);
  assert.deepEqual((await configOf()).languages, []);
  for (const languages of [['English'], ['EN'], [''], 'en'])
    await assert.rejects(configOf({ languages }), namesLanguages);
});
