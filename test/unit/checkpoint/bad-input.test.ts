/** Folders that are no checkpoint, or no longer: each is a typed error that names what is wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import { readConfig } from '../../../engine/checkpoint/config.ts';
import { TuskError } from '../../../engine/errors.ts';
import { Tokenizer } from '../../../engine/tokenizer/tokenizer.ts';
import { BAD_CHECKPOINTS } from '../../helpers/bad-checkpoints.ts';
import { INTACT, linkedCheckpoint, removeFolder } from '../../helpers/checkpoint-folder.ts';

/** Everything of a checkpoint that is read before a network is built, against what the intact one has. */
async function openAll(folder: string): Promise<void> {
  const checkpoint = await Checkpoint.open(folder);
  await readConfig(checkpoint);
  for (const { name, shape } of (await Checkpoint.open(INTACT)).tensors) checkpoint.locate(name, shape);
  await Tokenizer.load(checkpoint);
}

test('the intact checkpoint opens, as does one reached through links', async () => {
  const folder = await linkedCheckpoint();
  await openAll(INTACT)
    .then(() => openAll(folder))
    .finally(() => removeFolder(folder));
});

for (const [what, code, message, breakIt] of BAD_CHECKPOINTS) {
  test(`${what} is ${code}`, async () => {
    const folder = await linkedCheckpoint();
    try {
      await breakIt(folder);
      await assert.rejects(openAll(folder), (error) => {
        assert.ok(error instanceof TuskError, `not a TuskError: ${String(error)}`);
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.ok(error.message.length < 1_000);
        return true;
      });
    } finally {
      await removeFolder(folder);
    }
  });
}
