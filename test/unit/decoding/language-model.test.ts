/** Every way of reading the same ids gives the same states; the reference's numbers are checked by `verify`. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import { readConfig } from '../../../engine/checkpoint/config.ts';
import type {
  LanguageModel,
  LanguageModelRun,
  PictureFeatures,
  RowOutput,
} from '../../../engine/decoding/language-model.ts';
import { loadLanguageModel } from '../../../engine/load-language-model.ts';
import { type FloatTensor, floatTensor } from '../../../engine/runtime/tensor.ts';
import { compareTensors } from '../../../engine/verify/compare.ts';
import { INTACT } from '../../helpers/checkpoint-folder.ts';
import { seededRandom } from '../../helpers/random.ts';

const ALL = { logits: 1, hidden: 'all' } as const;
let model: LanguageModel;

before(async () => {
  model = await load();
});
after(() => model.dispose());

async function load(text: { moe_type?: string; extra_gen_vocab?: boolean } = {}): Promise<LanguageModel> {
  const checkpoint = await Checkpoint.open(INTACT);
  const config = await readConfig(checkpoint);
  Object.assign(config.llm_config.text_config, text);
  return loadLanguageModel(checkpoint, config, { threads: 1 });
}

/** Text and generation ids in turns, no special ones. */
function mixedIds(count: number, seed = 1): number[] {
  const random = seededRandom(seed);
  const { generationStart, generationVocabulary } = model.shape;
  return Array.from({ length: count }, (_, i) =>
    i % 7 > 3
      ? generationStart + Math.floor(random() * generationVocabulary)
      : Math.floor(random() * (generationStart - 60)),
  );
}

/** One run over `parts`, each read by a call of its own; the last part's output. */
async function read(parts: readonly number[][], pictures?: PictureFeatures): Promise<RowOutput> {
  const run = model.start();
  let output: RowOutput | undefined;
  for (const [i, ids] of parts.entries()) {
    const isLast = i === parts.length - 1;
    [output] = await run.prefill([{ ids, ...(isLast && pictures && { pictures }) }], ALL);
  }
  run.dispose();
  return output!;
}

function assertClose(actual: FloatTensor, expected: FloatTensor, what: string): void {
  const { maxRel } = compareTensors(actual, expected);
  assert.ok(maxRel < 2e-5, `${what} differs by ${maxRel}`);
}

const lastRow = ({ data, shape: [rows, width] }: FloatTensor): FloatTensor =>
  floatTensor(data.subarray((rows! - 1) * width!), [1, width!]);

/** The last position's states and scores of two outputs. */
function assertSameEnd(actual: RowOutput, expected: RowOutput): void {
  assertClose(lastRow(actual.logits), lastRow(expected.logits), 'logits');
  for (const [i, hidden] of expected.hidden.entries())
    assertClose(lastRow(actual.hidden[i]!), lastRow(hidden), `hidden ${i}`);
}

async function stepThrough(run: LanguageModelRun, ids: readonly number[]): Promise<RowOutput> {
  let output: RowOutput | undefined;
  for (const id of ids) [output] = await run.step([[id]], ALL);
  return output!;
}

async function twoPictures(): Promise<PictureFeatures> {
  const random = seededRandom(7);
  const data = Float32Array.from({ length: 24 * 1536 }, () => 2 * random() - 1);
  return model.embedPictures(floatTensor(data, [24, 1536]), [
    [1, 2, 4],
    [1, 4, 4],
  ]);
}

/** Text with both pictures: 2 and 4 merged tokens. */
function picturePrompt(textBefore: number): number[] {
  const { visionStartTokenId: open, imageTokenId: image } = model.shape;
  const text = mixedIds(textBefore).map((id) => id % 400);
  return [...text, open, image, image, open + 1, 5, 6, open, image, image, image, image, open + 1, 7, 8];
}

test('single tokens on the cache equal the whole prompt in one go', async () => {
  const ids = mixedIds(20);
  const run = model.start();
  await run.prefill([{ ids: ids.slice(0, 9) }]);
  assertSameEnd(await stepThrough(run, ids.slice(9)), await read([ids]));
  run.dispose();
});

for (const [from, to] of [
  [30, 66],
  [250, 262],
  [508, 516],
] as const) {
  test(`the cache grows from ${from} to ${to} tokens without a change`, async () => {
    const ids = mixedIds(to);
    const run = model.start();
    await run.prefill([{ ids: ids.slice(0, from) }]);
    assertSameEnd(await stepThrough(run, ids.slice(from)), await read([ids]));
    run.dispose();
  });
}

test('a prompt longer than a chunk equals the same prompt read in other pieces', async () => {
  const ids = mixedIds(600);
  const whole = await read([ids]);
  assert.equal(whole.hidden[0]!.shape[0], 600);
  assertSameEnd(whole, await read([ids.slice(0, 77), ids.slice(77, 350), ids.slice(350)]));
});

test('a picture cut by a chunk boundary keeps its features and positions', async () => {
  const pictures = await twoPictures();
  const ids = picturePrompt(503);
  assert.equal(ids[511], model.shape.imageTokenId);
  assert.equal(ids[512], model.shape.imageTokenId);
  assertSameEnd(await read([ids], pictures), await read([ids.slice(0, 503), ids.slice(503)], pictures));
});

test('text after a picture goes on from its largest position', async () => {
  const run = model.start();
  await run.prefill([{ ids: picturePrompt(3), pictures: await twoPictures() }]);
  assert.equal(run.nextPosition(0), 3 + 1 + 2 + 3 + 1 + 2 + 3);
  run.dispose();
});

test('without pictures their places are plain text', async () => {
  const ids = picturePrompt(3);
  const run = model.start();
  await run.prefill([{ ids }]);
  assert.equal(run.nextPosition(0), ids.length);
  run.dispose();
});

test('rows of different lengths step together as they would alone', async () => {
  const [long, short, next] = [mixedIds(40, 2), mixedIds(6, 3), mixedIds(3, 4)];
  const both = model.start();
  await both.prefill([{ ids: long }, { ids: short }]);
  let outputs: RowOutput[] = [];
  for (const id of next) outputs = await both.step([[id], [id]], ALL);
  for (const [row, ids] of [long, short].entries())
    assertSameEnd(outputs[row]!, await read([[...ids, ...next]]));
  both.dispose();
});

test('rows may step with text in one and a generation id in the other', async () => {
  const ids = mixedIds(8);
  const pair = [3, model.shape.generationStart + 5];
  const run = model.start();
  await run.prefill([{ ids }, { ids }]);
  const outputs = await run.step([[pair[0]!], [pair[1]!]], ALL);
  for (const [row, id] of pair.entries()) assertSameEnd(outputs[row]!, await read([[...ids, id]]));
  run.dispose();
});

test('two tokens in one step equal two steps', async () => {
  const [ids, next] = [mixedIds(12), mixedIds(2, 9)];
  const run = model.start();
  await run.prefill([{ ids }, { ids: ids.slice(5) }]);
  const [first, second] = await run.step([next, next], { ...ALL, logits: 2 });
  assert.deepEqual(first!.logits.shape, [2, model.shape.textVocabulary + model.shape.generationVocabulary]);
  assertSameEnd(first!, await read([[...ids, ...next]]));
  assertSameEnd(second!, await read([[...ids.slice(5), ...next]]));
  run.dispose();
});

test('hidden ids leave no trace', async () => {
  const ids = mixedIds(15);
  const attentionMask = ids.map((_, i) => (i === 0 || i > 6 ? 1 : 0));
  const run = model.start();
  const [masked] = await run.prefill([{ ids, attentionMask }], ALL);
  const seen = ids.filter((_, i) => attentionMask[i]);
  assert.deepEqual(run.ids(0), seen);
  assertSameEnd(masked!, await read([seen]));
  run.dispose();
});

test('a lone attended id is followed by position 2, as the reference counts hidden ids at 1', async () => {
  const run = model.start();
  await run.prefill([{ ids: [1, 2, 3], attentionMask: [0, 0, 1] }]);
  assert.equal(run.nextPosition(0), 2);
  run.dispose();
});

test('forked rows go their own ways', async () => {
  const ids = mixedIds(10);
  const original = model.start();
  await original.prefill([{ ids }, { ids: ids.slice(3) }]);
  const copy = original.fork([1, 0, 1]);
  const outputs = await copy.step([[1], [2], [3]], ALL);
  const expected = [
    [...ids.slice(3), 1],
    [...ids, 2],
    [...ids.slice(3), 3],
  ];
  for (const [row, all] of expected.entries()) assertSameEnd(outputs[row]!, await read([all]));
  assert.deepEqual(original.ids(0), ids);
  original.dispose();
  copy.dispose();
});

test('a truncated run goes on from what is left', async () => {
  const [ids, other] = [mixedIds(18), mixedIds(5, 8)];
  const run = model.start();
  await run.prefill([{ ids }]);
  run.truncate(0, 11);
  const [output] = await run.prefill([{ ids: other }], ALL);
  assertSameEnd(output!, await read([[...ids.slice(0, 11), ...other]]));
  run.dispose();
});

test('each head alone gives its part of both', async () => {
  const ids = mixedIds(9);
  const score = async (heads: 'both' | 'text' | 'generation') => {
    const run = model.start();
    const [output] = await run.prefill([{ ids }], { logits: 2, heads });
    run.dispose();
    return output!.logits;
  };
  const both = await score('both');
  const { textVocabulary } = model.shape;
  const columns = (from: number, to?: number) =>
    [0, 1].flatMap((row) =>
      Array.from(both.data.subarray(row * both.shape[1]!, (row + 1) * both.shape[1]!).slice(from, to)),
    );
  assert.deepEqual(Array.from((await score('text')).data), columns(0, textVocabulary));
  assert.deepEqual(Array.from((await score('generation')).data), columns(textVocabulary));
});

test('hidden layers may be counted from the end; an unasked head and an empty row cost nothing', async () => {
  const run = model.start();
  const ids = mixedIds(5);
  const [first, empty] = await run.prefill([{ ids }, { ids: [] }], { hidden: [-1, 0] });
  const all = await read([ids]);
  assertClose(first!.hidden[0]!, all.hidden[model.shape.layers]!, 'last');
  assertClose(first!.hidden[1]!, all.hidden[0]!, 'embeddings');
  assert.deepEqual(first!.logits.shape, [0, 0]);
  assert.deepEqual(empty!.hidden[0]!.shape, [0, model.shape.width]);
  run.dispose();
});

test('forms of moe_type that mean the same give the same states, the others do not', async () => {
  const ids = mixedIds(10);
  const ends = new Map<string, FloatTensor>();
  for (const moe_type of ['none', 'attention', 'ffn-0:2', 'ffn', 'ffn_attention']) {
    const variant = await load({ moe_type });
    const run = variant.start();
    const [output] = await run.prefill([{ ids }], { hidden: [-1] });
    ends.set(moe_type, output!.hidden[0]!);
    run.dispose();
    await variant.dispose();
  }
  const differ = (a: string, b: string) => compareTensors(ends.get(a)!, ends.get(b)!).maxRel;
  assert.equal(differ('attention', 'none'), 0);
  assert.equal(differ('ffn_attention', 'ffn'), 0);
  assert.ok(differ('ffn-0:2', 'ffn') > 1e-3);
  assert.ok(differ('ffn-0:2', 'none') > 1e-3);
});

test('a checkpoint without a generation vocabulary scores text only', async () => {
  const variant = await load({ extra_gen_vocab: false });
  const run = variant.start();
  const [output] = await run.prefill([{ ids: [1, 2, 3] }], { logits: 1 });
  assert.deepEqual(output!.logits.shape, [1, variant.shape.textVocabulary]);
  run.dispose();
  await variant.dispose();
});

const MISUSES: readonly [what: string, code: string, act: (run: LanguageModelRun) => Promise<unknown>][] = [
  ['an id beyond both vocabularies', 'bad-prompt', (run) => run.prefill([{ ids: [100_000] }])],
  ['a negative id', 'bad-prompt', (run) => run.prefill([{ ids: [-1] }])],
  [
    'pictures without places',
    'bad-prompt',
    async (run) => run.prefill([{ ids: [1, 2], pictures: await twoPictures() }]),
  ],
  [
    'a hidden layer that is not there',
    'checkpoint-unsupported',
    (run) => run.prefill([{ ids: [1] }], { hidden: [9] }),
  ],
  ['a step of unequal rows', 'bad-request', (run) => run.step([[1], [1, 2]])],
  [
    'another number of rows',
    'bad-request',
    async (run) => {
      await run.prefill([{ ids: [1] }]);
      await run.step([[1], [1]]);
    },
  ],
  [
    'a disposed run',
    'internal',
    (run) => {
      run.dispose();
      return run.prefill([{ ids: [1] }]);
    },
  ],
];

for (const [what, code, act] of MISUSES) {
  test(`${what} is refused as ${code}`, async () => {
    const run = model.start();
    await assert.rejects(act(run), { code });
    run.dispose();
  });
}
