/** What `info` says of a checkpoint, and the search for weights that are not finite. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import { describeNetworks, findNonFinite } from '../../../engine/checkpoint/describe.ts';
import { CancelledError } from '../../../engine/errors.ts';
import {
  INTACT,
  linkedCheckpoint,
  removeFolder,
  replaceFile,
  safetensors,
} from '../../helpers/checkpoint-folder.ts';

const WEIGHTS = 'model.safetensors';

/** One tensor of a dtype from the raw words of its values. */
async function scan(dtype: string, words: Uint16Array | Uint32Array | BigUint64Array): Promise<string[]> {
  const folder = await linkedCheckpoint([WEIGHTS]);
  try {
    const data = new Uint8Array(words.buffer);
    const entry = { dtype, shape: [words.length], data_offsets: [0, data.length] };
    await replaceFile(folder, WEIGHTS, safetensors({ weight: entry }, data));
    return await findNonFinite((await Checkpoint.ofFile(join(folder, WEIGHTS))).tensors);
  } finally {
    await removeFolder(folder);
  }
}

const NOT_FINITE: readonly (readonly [what: string, dtype: string, words: Uint16Array | Uint32Array])[] = [
  ['float32 infinity', 'F32', Uint32Array.of(0, 0x7f80_0000)],
  ['float32 minus infinity', 'F32', Uint32Array.of(0, 0xff80_0000)],
  ['float32 NaN', 'F32', Uint32Array.of(0x7fc0_0000, 0)],
  ['float16 infinity', 'F16', Uint16Array.of(0, 0, 0xfc00)],
  ['float16 NaN', 'F16', Uint16Array.of(0x7e01)],
  ['bfloat16 infinity', 'BF16', Uint16Array.of(0x7f80)],
  ['bfloat16 NaN', 'BF16', Uint16Array.of(0, 0xffc0)],
  ['NaN behind the first piece that is read', 'F32', new Uint32Array(4_194_305).fill(0x7fc0_0000, 4_194_304)],
];

for (const [what, dtype, words] of NOT_FINITE) {
  test(`finds ${what}`, async () => assert.deepEqual(await scan(dtype, words), ['weight']));
}

test('takes the largest finite values of every dtype for finite', async () => {
  assert.deepEqual(await scan('F32', Uint32Array.of(0x7f7f_ffff, 0xff7f_ffff, 1)), []);
  assert.deepEqual(await scan('F16', Uint16Array.of(0x7bff, 0xfbff, 1)), []);
  assert.deepEqual(await scan('BF16', Uint16Array.of(0x7f7f, 0xff7f, 1)), []);
});

test('the intact checkpoint is finite, and the search can be cancelled', async () => {
  const tensors = [...(await Checkpoint.open(INTACT)).tensors];
  assert.deepEqual(await findNonFinite(tensors), []);
  await assert.rejects(findNonFinite(tensors, AbortSignal.abort()), CancelledError);
});

test('every tensor belongs to a network', async () => {
  const tensors = [...(await Checkpoint.open(INTACT)).tensors];
  const networks = describeNetworks(tensors);
  assert.deepEqual(
    networks.map(({ name }) => name),
    [
      'text decoder',
      'vision encoder',
      'visual tokenizer',
      'condition embedders',
      'diffusion transformer',
      'vae',
    ],
  );
  const total = networks.reduce((sum, { parameters }) => sum + parameters, 0);
  assert.equal(
    total * 4,
    tensors.reduce((sum, { length }) => sum + length, 0),
  );
});
