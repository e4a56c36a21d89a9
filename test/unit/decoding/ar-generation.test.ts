/** The plan loop on the small real checkpoint; its ids and scores are compared with the reference by `verify`. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  generatePlans,
  PLAN_MINIMUM_KEPT,
  type PlanRequest,
  unconditionalMask,
} from '../../../engine/decoding/ar-generation.ts';
import { encodeStates } from '../../../engine/decoding/condition.ts';
import type { LanguageModel } from '../../../engine/decoding/language-model.ts';
import { RandomStream, STREAMS } from '../../../engine/decoding/random.ts';
import { CancelledError, TuskError } from '../../../engine/errors.ts';
import { Model } from '../../../engine/load.ts';
import { defaultSize, planGrid } from '../../../engine/settings.ts';
import { compareTensors } from '../../../engine/verify/compare.ts';
import { INTACT, linkedCheckpoint, removeFolder, replaceFile } from '../../helpers/checkpoint-folder.ts';

let model: Model;
let languageModel: LanguageModel;
let request: PlanRequest;
let imageEndId: number;

before(async () => {
  model = await Model.open('test/parity/alpha/checkpoint', { threads: 1 });
  ({ languageModel } = await model.networks(['languageModel']));
  const { planGeneration, prompts } = model.files;
  const messages = [{ role: 'user', content: 'A boat.' }] as const;
  imageEndId = prompts.tokenizer.specialId('<|image end|>');
  request = {
    promptIds: prompts.build(messages, { generate: { height: 10, width: 10 } }).ids,
    rows: 3,
    columns: 4,
    rules: {
      guidance: 4,
      temperature: 1,
      topK: 20,
      topP: 0.9,
      repetitionPenalty: 1.2,
      firstAllowed: planGeneration.visual_token_start_id!,
      minimumKept: PLAN_MINIMUM_KEPT,
    },
    endOfLineId: planGeneration.eol_token_id!,
  };
});
after(() => model.dispose());

const sample = (seed: number) => ({ uniform: new RandomStream(seed, STREAMS.plan).uniform });

for (const guidance of [1, 4]) {
  test(`states harvested on the way equal the second pass over the finished ids (guidance ${guidance})`, async () => {
    const layers = model.files.config.gen_condition_layers;
    const rules = { ...request.rules, guidance };
    const harvested = { ...request, rules, harvest: { layers, imageEndId } };
    const [plan] = await generatePlans(languageModel, harvested, [sample(1)]);
    const ids = [...request.promptIds, ...plan!.ids, imageEndId];
    const difference = compareTensors(plan!.states!, await encodeStates(languageModel, ids, layers));
    assert.ok(difference.maxRel < 1e-5, `they differ by ${difference.maxRel}`);
  });
}

test('every row ends in the end-of-line id, which is nowhere else, and no id lies below the visual ones', async () => {
  const [plan] = await generatePlans(languageModel, request, [sample(2)]);
  assert.equal(plan!.ids.length, 3 * 5);
  for (const [i, id] of plan!.ids.entries()) {
    if (i % 5 === 4) assert.equal(id, request.endOfLineId);
    else assert.ok(id >= request.rules.firstAllowed!);
  }
});

/** A plan of sample 3, and how often the decoder ran for it. */
async function counted(decoder: LanguageModel, wanted: PlanRequest) {
  const { cache } = decoder;
  let passes = 0;
  decoder.cache = (rows) => {
    const made = cache.call(decoder, rows);
    const { forward } = made;
    made.forward = (...pass) => {
      passes += 1;
      return forward.apply(made, pass);
    };
    return made;
  };
  const [plan] = await generatePlans(decoder, wanted, [sample(3)]);
  decoder.cache = cache;
  return { plan: plan!, passes };
}

/** On random weights few guesses are right, without guidance the embedded model's plans are guessed for the most part. */
for (const [name, checkpoint] of [
  ['random', 'test/parity/alpha/checkpoint'],
  ['embedded', 'assets/model'],
] as const) {
  test(`drafted plans are those of one token a pass, states too (${name} model)`, async () => {
    const drafting = await Model.open(checkpoint, { threads: 1 });
    const { languageModel: decoder } = await drafting.networks(['languageModel']);
    const { planGeneration, prompts, config } = drafting.files;
    const messages = [{ role: 'user', content: 'a blue car on a yellow background' }] as const;
    const grid =
      name === 'embedded' ? planGrid(drafting.files, defaultSize(drafting.files)) : { rows: 8, columns: 8 };
    const promptIds = prompts.build(messages, { generate: { height: grid.rows, width: grid.columns } }).ids;
    const firstAllowed = planGeneration.visual_token_start_id!;
    const harvest = {
      layers: config.gen_condition_layers,
      imageEndId: prompts.tokenizer.specialId('<|image end|>'),
    };
    const rules = { ...request.rules, temperature: 0.3, repetitionPenalty: 1, firstAllowed };
    const ids = { promptIds, endOfLineId: planGeneration.eol_token_id!, ...grid };
    for (const guidance of [1, 3]) {
      const wanted = { ...ids, harvest, rules: { ...rules, guidance } };
      const plain = await counted(decoder, { ...wanted, drafts: false });
      const drafted = await counted(decoder, wanted);
      assert.deepEqual(drafted.plan.ids, plain.plan.ids);
      const difference = compareTensors(drafted.plan.states!, plain.plan.states!);
      assert.ok(difference.maxRel < 1e-5, `they differ by ${difference.maxRel}`);
      const most = name === 'embedded' && guidance === 1 ? plain.passes / 2 : plain.passes;
      assert.ok(drafted.passes <= most, `${drafted.passes} of ${plain.passes} passes`);
    }
    await drafting.dispose();
  });
}

test('the same seed gives the same plan, another seed another, with or without harvesting and observing', async () => {
  const plain = await generatePlans(languageModel, request, [sample(3)]);
  const layers = model.files.config.gen_condition_layers;
  const watched = { ...request, harvest: { layers, imageEndId }, observe: () => {} };
  const [again] = await generatePlans(languageModel, watched, [sample(3)]);
  assert.deepEqual(again!.ids, plain[0]!.ids);
  const [other] = await generatePlans(languageModel, request, [sample(4)]);
  assert.notDeepEqual(other!.ids, plain[0]!.ids);
});

test('pictures planned as one batch equal those planned alone, states included', async () => {
  const harvest = { layers: model.files.config.gen_condition_layers, imageEndId };
  const batch = await generatePlans(languageModel, { ...request, harvest }, [
    sample(5),
    sample(6),
    sample(7),
  ]);
  for (const [i, seed] of [5, 6, 7].entries()) {
    const [alone] = await generatePlans(languageModel, { ...request, harvest }, [sample(seed)]);
    assert.deepEqual(batch[i]!.ids, alone!.ids);
    assert.ok(compareTensors(batch[i]!.states!, alone!.states!).maxRel < 1e-5);
  }
});

test('each finished row is told, in order, and the loop waits for the listener', async () => {
  const told: string[] = [];
  const onRow: PlanRequest['onRow'] = async ({ sample: index, row, ids }) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    told.push(`${index}:${row}:${ids.length}`);
  };
  await generatePlans(languageModel, { ...request, onRow }, [{}, {}]);
  assert.deepEqual(told, ['0:0:5', '1:0:5', '0:1:10', '1:1:10', '0:2:15', '1:2:15']);
});

test('a plan of one column, and of one row, works', async () => {
  const layers = model.files.config.gen_condition_layers;
  for (const [rows, columns] of [
    [4, 1],
    [1, 4],
    [1, 1],
  ] as const) {
    const small = { ...request, rows, columns, harvest: { layers, imageEndId } };
    const [plan] = await generatePlans(languageModel, small, [{}]);
    assert.equal(plan!.ids.length, rows * (columns + 1));
    assert.equal(plan!.states!.shape[0], request.promptIds.length + plan!.ids.length + 1);
  }
});

test('a cancelled run ends before the next token', async () => {
  const controller = new AbortController();
  let steps = 0;
  const observe = (step: number) => {
    steps = step;
    if (step === 6) controller.abort();
  };
  const cancelled = generatePlans(languageModel, { ...request, observe, signal: controller.signal }, [{}]);
  await assert.rejects(cancelled, CancelledError);
  assert.equal(steps, 6);
});

test('the unconditional row sees the last ten ids of the prompt, or all of a shorter one', () => {
  assert.deepEqual([...unconditionalMask(12)], [0, 0, ...new Array(10).fill(1)]);
  assert.deepEqual([...unconditionalMask(4)], [1, 1, 1, 1]);
});

/** A copy of the checkpoint with one number of a tensor that is not a number. */
async function damagedCheckpoint(tensor: string): Promise<string> {
  const file = 'model.safetensors';
  const folder = await linkedCheckpoint([file]);
  const { offset } = model.checkpoint.locate(tensor, model.checkpoint.shape(tensor));
  const bytes = await readFile(join(INTACT, file));
  bytes.writeFloatLE(Number.NaN, offset);
  await replaceFile(folder, file, bytes);
  return folder;
}

test('a damaged weight is an error that names the language model, in the plan and in the condition', async () => {
  const folder = await damagedCheckpoint('llm_model.model.language_model.layers.1.input_layernorm.weight');
  const damaged = await Model.open(folder, { threads: 1 });
  const isNonFinite = (error: unknown) =>
    error instanceof TuskError && error.code === 'non-finite' && error.message.includes('language model');
  try {
    const networks = await damaged.networks(['languageModel']);
    await assert.rejects(generatePlans(networks.languageModel, request, [{}]), isNonFinite);
    await assert.rejects(encodeStates(networks.languageModel, request.promptIds, [-1]), isNonFinite);
  } finally {
    await damaged.dispose();
    await removeFolder(folder);
  }
});
