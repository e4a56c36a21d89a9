/** Stage `sampling`: the score processors alone. */
import { join } from 'node:path';
import { z } from 'zod';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readGenerationConfig } from '../checkpoint/tusk-config.ts';
import { softmax } from '../decoding/score-processors.ts';
import {
  type ChoiceRules,
  type ProcessorName,
  processorsFor,
  type RawScores,
} from '../decoding/token-choice.ts';
import { floatTensor } from '../runtime/tensor.ts';
import type { ParityCase, StageOutputs } from './case.ts';

const MINIMUM_KEPT = 3;

const paramsSchema = z.object({
  cfg_scale: z.number(),
  repetition_penalty: z.number(),
  temperature: z.number(),
  top_k: z.number(),
  top_p: z.number(),
});

const OFFICIAL_NAMES: Record<ProcessorName, string> = {
  guidance: 'ClassifierFreeGuidanceLogitsProcessor',
  'repetition-penalty': 'RepetitionPenaltyLogitsProcessor',
  temperature: 'TemperatureLogitsWarper',
  scope: 'SampledScopeLogitsProcessor',
  'top-k': 'TopKLogitsWarper',
  'top-p': 'TopPLogitsWarper',
};

export async function run(parityCase: ParityCase): Promise<StageOutputs> {
  const params = paramsSchema.parse(parityCase.params);
  const checkpoint = await Checkpoint.open(join(parityCase.variant, 'checkpoint'));
  const generation = await readGenerationConfig(checkpoint, 't2i_generation_config.json');
  const rules: ChoiceRules = {
    guidance: params.cfg_scale,
    repetitionPenalty: params.repetition_penalty,
    temperature: params.temperature,
    topK: params.top_k,
    topP: params.top_p,
    firstAllowed: generation.visual_token_start_id ?? 0,
    minimumKept: MINIMUM_KEPT,
  };
  return outputs(await rawScores(parityCase, params.cfg_scale > 1), await seenIds(parityCase), rules);
}

async function rawScores(parityCase: ParityCase, guided: boolean): Promise<RawScores> {
  const { data, shape } = await parityCase.floats('in.logits');
  const width = shape[1]!;
  const conditional = data.slice(0, width);
  return { firstId: 0, conditional, ...(guided ? { unconditional: data.slice(width, 2 * width) } : {}) };
}

async function seenIds(parityCase: ParityCase): Promise<number[]> {
  const length = (await parityCase.tensor('in.ids')).shape[1]!;
  return (await parityCase.numbers('in.ids')).slice(0, length);
}

function outputs(raw: RawScores, seen: number[], rules: ChoiceRules): StageOutputs {
  const scores = raw.conditional;
  const shape = [scores.length];
  const tensors: StageOutputs['tensors'] = {};
  const processors = processorsFor(raw, seen, rules);
  const order = processors.map(({ name }) => OFFICIAL_NAMES[name]);
  for (const [i, processor] of processors.entries()) {
    processor.apply(scores);
    tensors[`mid.${i}.${order[i]}`] = floatTensor(scores.slice(), shape);
  }
  const probabilities = softmax(scores);
  tensors['out.scores'] = floatTensor(scores, shape);
  tensors['out.probabilities'] = floatTensor(probabilities, shape);
  const rows = raw.unconditional ? 2 : 1;
  const kept = probabilities.filter((probability) => probability > 0).length;
  return { tensors, result: { order, rows, ids_rows: rows, kept } };
}
