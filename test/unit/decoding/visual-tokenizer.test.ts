import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import { readConfig } from '../../../engine/checkpoint/config.ts';
import { RandomStream } from '../../../engine/decoding/random.ts';
import { finishedRows } from '../../../engine/decoding/visual-tokenizer.ts';
import { TuskError } from '../../../engine/errors.ts';
import { loadVisualTokenizer } from '../../../engine/load-visual-tokenizer.ts';
import { floatTensor } from '../../../engine/runtime/tensor.ts';
import { changeConfig, linkedCheckpoint, removeFolder } from '../../helpers/checkpoint-folder.ts';

const checkpoint = await Checkpoint.open('test/parity/alpha/checkpoint');
const config = await readConfig(checkpoint);
const tokenizer = await loadVisualTokenizer(checkpoint, config, { threads: 1 });
after(() => tokenizer.dispose());

const hasCode = (code: string) => (error: unknown) => error instanceof TuskError && error.code === code;

test('finished rows leave out line ends and the row that is not finished', () => {
  const ids = [500, 501, 9, 502, 503, 9, 504];
  assert.deepEqual(finishedRows(ids, 2, 500, 96), {
    rows: 2,
    columns: 2,
    codes: Int32Array.of(0, 1, 2, 3),
  });
  assert.equal(finishedRows([500], 2, 500, 96).rows, 0);
});

test('an id without a code repeats its left neighbour', () => {
  const { codes } = finishedRows([499, 505, 600, 9], 3, 500, 96);
  assert.deepEqual([...codes], [0, 5, 5]);
});

test('an unfinished plan gives the picture of its finished rows', async () => {
  const columns = 5;
  for (const rows of [1, 2, 4]) {
    const codes = Int32Array.from({ length: rows * columns }, (_, i) => (7 * i) % 96);
    const image = await tokenizer.decode({ rows, columns, codes });
    assert.deepEqual(image.shape, [1, 3, 14 * rows, 14 * columns]);
  }
});

test('a picture is encoded to one code a cell, each in the codebook', async () => {
  const image = floatTensor(new RandomStream(2, 0).normals(3 * 28 * 42), [1, 3, 28, 42]);
  const { rows, columns, codes, margin } = await tokenizer.encode(image);
  assert.deepEqual([rows, columns, codes.length], [2, 3, 6]);
  assert.ok(codes.every((code) => code >= 0 && code < tokenizer.codebookSize));
  assert.ok(margin > 0);
});

test('a picture with values that are not numbers is refused, not given codes', async () => {
  const image = floatTensor(new Float32Array(3 * 14 * 28).fill(Number.NaN), [1, 3, 14, 28]);
  await assert.rejects(tokenizer.encode(image), hasCode('non-finite'));
});

test('codes outside the codebook and grids that do not fit are refused', async () => {
  const grid = { rows: 1, columns: 2 };
  await assert.rejects(tokenizer.decode({ ...grid, codes: Int32Array.of(0, 96) }), hasCode('bad-request'));
  await assert.rejects(tokenizer.decode({ ...grid, codes: Int32Array.of(-1, 0) }), hasCode('bad-request'));
  await assert.rejects(tokenizer.decode({ ...grid, codes: Int32Array.of(1) }), hasCode('bad-request'));
  await assert.rejects(
    tokenizer.decode({ rows: 1, columns: 1, codes: Int32Array.of(1) }),
    hasCode('bad-request'),
  );
});

const WRONG_SIZES = [
  { embed_dim: 30 },
  { num_heads: 5 },
  { decoder_heads: 3 },
  { decoder_heads: 16 },
  { decoder_norm_groups: 3 },
  { codebook_size: 1 },
];
for (const wrong of WRONG_SIZES) {
  test(`sizes that do not divide are refused with the config: ${JSON.stringify(wrong)}`, async () => {
    const folder = await linkedCheckpoint();
    try {
      const sizes = { ...config.gen_tokenizer_config, ...wrong };
      await changeConfig(folder, 'gen_tokenizer_config', sizes);
      await assert.rejects(readConfig(await Checkpoint.open(folder)), hasCode('checkpoint-unsupported'));
    } finally {
      await removeFolder(folder);
    }
  });
}
