/** Stage `ar-generation`: the visual tokens of a picture, greedy and drawn. */
import { z } from 'zod';
import {
  generatePlans,
  PLAN_MINIMUM_KEPT,
  type PlanRequest,
  unconditionalMask,
} from '../decoding/ar-generation.ts';
import { softmax } from '../decoding/score-processors.ts';
import type { ReadPrompt } from '../reading.ts';
import type { Message } from '../tokenizer/messages.ts';
import type { StageOutputs, StageRunner } from './case.ts';
import {
  type CheckedModel,
  int32Tensor,
  isForcedStep,
  picturesOf,
  readerOf,
  stackRows,
  topGap,
  withModel,
} from './parts.ts';

const paramsSchema = z.object({
  messages: z.custom<Message[]>(Array.isArray),
  ar: z.tuple([z.number(), z.number()]),
  cfg_scale: z.number(),
  settings: z.object({
    do_sample: z.boolean(),
    temperature: z.number(),
    top_k: z.number(),
    top_p: z.number(),
    repetition_penalty: z.number(),
  }),
  keep: z.number(),
  uniforms: z.array(z.number()).default([]),
});
type Params = z.infer<typeof paramsSchema>;

export const run: StageRunner = (parityCase, device) =>
  withModel(parityCase, device, async (model) => {
    const params = paramsSchema.parse(parityCase.params);
    const [height, width] = params.ar;
    const { languageModel } = await model.networks(['languageModel']);
    const prompt = await (await readerOf(model)).read(params.messages, picturesOf(parityCase), {
      generate: { height, width },
    });
    const scores: Float32Array[] = [];
    const request = {
      ...planRequest(model, params, prompt),
      observe: (_step: number, processed: Float32Array) => scores.push(processed),
    };
    const uniforms = params.uniforms.values();
    const uniform = () => uniforms.next().value!;
    const samples = [params.settings.do_sample ? { uniform } : {}];
    const [plan] = await generatePlans(languageModel, request, samples);
    return outputs(params, prompt, plan!.ids, scores);
  });

function planRequest(
  { files }: CheckedModel,
  { ar: [rows, columns], cfg_scale, settings }: Params,
  { ids, features }: ReadPrompt,
): PlanRequest {
  const generation = files.planGeneration;
  const { temperature, top_k: topK, top_p: topP, repetition_penalty: repetitionPenalty } = settings;
  return {
    promptIds: ids,
    ...(features && { pictures: features }),
    rows,
    columns,
    rules: {
      guidance: cfg_scale,
      temperature,
      topK,
      topP,
      repetitionPenalty,
      firstAllowed: generation.visual_token_start_id!,
      minimumKept: PLAN_MINIMUM_KEPT,
    },
    endOfLineId: generation.eol_token_id!,
  };
}

function outputs(params: Params, prompt: ReadPrompt, ids: Int32Array, scores: Float32Array[]): StageOutputs {
  const kept = scores.slice(0, params.keep);
  const drawn = params.settings.do_sample;
  const free = scores.filter((_, step) => !isForcedStep(step, params.ar[1]));
  const total = prompt.ids.length + ids.length;
  const masks = [new Int32Array(total).fill(1), new Int32Array(total).fill(1)];
  masks[1]!.set(unconditionalMask(prompt.ids.length));
  const rows = masks.slice(0, params.cfg_scale > 1 ? 2 : 1);
  return {
    tensors: {
      'mid.prompt_ids': int32Tensor(prompt.ids),
      'out.ids': int32Tensor(ids),
      'out.attention_mask': int32Tensor(
        rows.flatMap((row) => [...row]),
        [rows.length, total],
      ),
      'out.scores': stackRows(kept),
      ...(drawn && { 'out.probabilities': stackRows(kept.map(softmax)) }),
    },
    result: {
      steps: ids.length,
      prompt: prompt.text,
      distinct_ids: new Set(ids).size,
      ...(drawn
        ? { min_distance_to_a_cumulative_boundary: nearestBoundary(scores, params) }
        : { min_top2_gap: Math.min(...free.map(topGap)) }),
    },
  };
}

/** How near a uniform number came to where another id would have been drawn. */
function nearestBoundary(scores: readonly Float32Array[], { ar, uniforms }: Params): number {
  let nearest = 1;
  for (const [step, row] of scores.entries()) {
    if (isForcedStep(step, ar[1])) continue;
    let sum = 0;
    for (const probability of softmax(row)) {
      sum += probability;
      if (probability > 0) nearest = Math.min(nearest, Math.abs(sum - uniforms[step]!));
    }
  }
  return nearest;
}
