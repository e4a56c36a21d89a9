/** Stage `condition`: the hidden states that condition the diffusion, by the reference's own second pass. */
import { z } from 'zod';
import { encodeStates, selectCondition } from '../decoding/condition.ts';
import type { FloatTensor } from '../runtime/tensor.ts';
import { conditionRules } from '../settings.ts';
import type { ParityCase, StageOutputs, StageRunner } from './case.ts';
import { type CheckedModel, int32Tensor, withModel } from './parts.ts';

const paramsSchema = z.object({ mode: z.enum(['text', 'image', 'text_image']) });

export const run: StageRunner = (parityCase, device) =>
  withModel(parityCase, device, (model) => condition(parityCase, model));

async function condition(parityCase: ParityCase, model: CheckedModel): Promise<StageOutputs> {
  const { mode } = paramsSchema.parse(parityCase.params);
  const { languageModel } = await model.networks(['languageModel']);
  const { config, prompts } = model.files;
  const layers = config.gen_condition_layers;
  const ids = [
    ...(await parityCase.numbers('in.generated_ids')),
    prompts.tokenizer.specialId('<|image end|>'),
  ];
  const promptLength = (await parityCase.numbers('in.prompt_ids')).length;
  const states = await encodeStates(languageModel, ids, layers);
  const rules = { ...conditionRules(model.files), mode };
  const { text, image } = selectCondition(states, ids, promptLength, rules);
  const negative = parityCase.has('in.negative_ids')
    ? await encodeStates(languageModel, await parityCase.numbers('in.negative_ids'), layers)
    : undefined;
  return outputs({ text, image, negative });
}

function outputs(states: Record<string, FloatTensor | undefined>): StageOutputs {
  const tensors: StageOutputs['tensors'] = {};
  const result: Record<string, number | null> = {};
  for (const [name, tensor] of Object.entries(states)) {
    result[`${name}_length`] = tensor?.shape[0] ?? null;
    if (!tensor) continue;
    tensors[`out.${name}`] = tensor;
    tensors[`out.${name}_mask`] = int32Tensor(new Int32Array(tensor.shape[0]!).fill(1));
  }
  return { tensors, result };
}
