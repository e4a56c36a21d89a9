/** Stage `understanding`: greedy answers about pictures and texts. */
import { z } from 'zod';
import { Conversation } from '../decoding/conversation.ts';
import { generateAnswer } from '../decoding/text-generation.ts';
import type { Message } from '../tokenizer/messages.ts';
import type { ParityCase, StageOutputs, StageRunner } from './case.ts';
import {
  type CheckedModel,
  int32Tensor,
  picturesOf,
  readerOf,
  stackRows,
  topGap,
  withModel,
} from './parts.ts';

const paramsSchema = z.object({ messages: z.custom<Message[]>(Array.isArray) });

export const run: StageRunner = (parityCase, device) =>
  withModel(parityCase, device, (model) => answer(parityCase, model));

async function answer(parityCase: ParityCase, model: CheckedModel): Promise<StageOutputs> {
  const { messages } = paramsSchema.parse(parityCase.params);
  const { answerGeneration: generation, prompts } = model.files;
  const { tokenizer } = prompts;
  const prompt = await (await readerOf(model)).read(messages, picturesOf(parityCase));
  const conversation = new Conversation((await model.networks(['languageModel'])).languageModel);
  const steps: Float32Array[] = [];
  try {
    const { run, output } = await conversation.read(prompt);
    const found = await generateAnswer(
      run,
      { ids: prompt.ids, output },
      {
        rules: {
          temperature: 1,
          topK: 0,
          topP: 1,
          repetitionPenalty: generation.repetition_penalty,
          minimumKept: 1,
        },
        stopIds: [generation.eos_token_id ?? []].flat(),
        maxNewTokens: generation.max_new_tokens,
        decoder: tokenizer.streamDecoder(),
        firstSpecialId: tokenizer.config.special_start_id,
        observe: (_step, scores) => steps.push(scores.slice()),
      },
    );
    return {
      tensors: {
        'mid.input_ids': int32Tensor(prompt.ids, [1, prompt.ids.length]),
        'out.new_ids': int32Tensor(found.ids),
        'out.step_logits': stackRows(steps),
      },
      result: {
        prompt: prompt.text,
        text: tokenizer.decode(found.ids),
        text_without_special: found.text,
        min_top2_gap: Math.min(...steps.map(topGap)),
      },
    };
  } finally {
    conversation.dispose();
  }
}
