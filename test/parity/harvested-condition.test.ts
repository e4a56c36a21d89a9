/**
 * The states harvested while a plan is generated, against the second pass of the official code over the finished ids
 * (`mid.text` and `mid.image` of the end-to-end case).
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { generatePlans, PLAN_MINIMUM_KEPT } from '../../engine/decoding/ar-generation.ts';
import { selectCondition } from '../../engine/decoding/condition.ts';
import { conditionRules } from '../../engine/settings.ts';
import type { Message } from '../../engine/tokenizer/messages.ts';
import { ParityCase } from '../../engine/verify/case.ts';
import { compareTensors, isWithin, toleranceOf } from '../../engine/verify/compare.ts';
import { picturesOf, readerOf, withModel } from '../../engine/verify/parts.ts';

test('harvested states equal the official second pass', async () => {
  const parityCase = await ParityCase.read('test/parity/alpha', 'end-to-end', 'create');
  const params = parityCase.params as { messages: Message[]; ar: [number, number]; cfg_scale: number };
  const [rows, columns] = params.ar;
  await withModel(parityCase, undefined, async (model) => {
    const { languageModel } = await model.networks(['languageModel']);
    const { config, planGeneration, prompts } = model.files;
    const generate = { height: rows, width: columns };
    const reader = await readerOf(model);
    const prompt = await reader.read(params.messages, picturesOf(parityCase), { generate });
    const imageEndId = prompts.tokenizer.specialId('<|image end|>');
    const request = {
      promptIds: prompt.ids,
      rows,
      columns,
      rules: {
        guidance: params.cfg_scale,
        temperature: 1,
        topK: 0,
        topP: 1,
        repetitionPenalty: 1,
        firstAllowed: planGeneration.visual_token_start_id!,
        minimumKept: PLAN_MINIMUM_KEPT,
      },
      endOfLineId: planGeneration.eol_token_id!,
      harvest: { layers: config.gen_condition_layers, imageEndId },
    };
    const [plan] = await generatePlans(languageModel, request, [{}]);
    const ids = [...prompt.ids, ...plan!.ids];
    assert.deepEqual(ids, await parityCase.numbers('mid.ids'));
    const states = selectCondition(
      plan!.states!,
      [...ids, imageEndId],
      prompt.ids.length,
      conditionRules(model.files),
    );
    const { stages } = JSON.parse(await readFile('test/parity/tolerances.json', 'utf8'));
    for (const [name, actual] of [
      ['mid.text', states.text],
      ['mid.image', states.image],
    ] as const) {
      const difference = compareTensors(actual, await parityCase.tensor(name));
      const tolerance = toleranceOf(stages, 'end-to-end', name);
      assert.ok(isWithin(difference, tolerance), `${name} differs by ${difference.maxRel}`);
    }
  });
});
