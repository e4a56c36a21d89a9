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

const names = (key: string) => (thrown: unknown) =>
  thrown instanceof TuskError &&
  thrown.code === 'checkpoint-damaged' &&
  thrown.message.startsWith(`tusk.json: ${key}`);

test('languages a model understands are codes; one that states none has none', async () => {
  assert.deepEqual((await configOf({ languages: ['en', 'zh'] })).languages, ['en', 'zh']);
  assert.deepEqual((await configOf({})).languages, []);
  assert.deepEqual((await configOf()).languages, []);
  for (const languages of [['English'], ['EN'], [''], 'en'])
    await assert.rejects(configOf({ languages }), names('languages'));
});

test('a token of the plan stands for a square or for [high, wide] pixels, 32 unless something is said', async () => {
  assert.deepEqual((await configOf()).pixels_per_token, [32, 32]);
  assert.deepEqual((await configOf({ pixels_per_token: 16 })).pixels_per_token, [16, 16]);
  assert.deepEqual((await configOf({ pixels_per_token: [32, 16] })).pixels_per_token, [32, 16]);
  for (const pixels_per_token of [0, 1.5, '32', [32], [32, 0], [32, 16, 8]])
    await assert.rejects(configOf({ pixels_per_token }), names('pixels_per_token'));
});
