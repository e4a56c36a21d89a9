/** Messages to prompt text and ids; `expanded` cases with the places of the pictures. */
import { join } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readPicture } from '../image/decode.ts';
import { visualTokenizerInput } from '../image/generation-input.ts';
import { parseProcessorConfig, visionInput } from '../image/vision-input.ts';
import { type Message, promptPictures } from '../tokenizer/messages.ts';
import { PromptBuilder } from '../tokenizer/prompt.ts';
import type { ParityCase, StageOutputs } from './case.ts';

interface Chat {
  name: string;
  messages: Message[];
  t2i_generate?: boolean;
  ar?: [height: number, width: number];
  add_generation_prompt?: boolean;
}

export async function run(parityCase: ParityCase): Promise<StageOutputs> {
  const checkpoint = await Checkpoint.open(join(parityCase.variant, 'checkpoint'));
  const builder = await PromptBuilder.load(checkpoint);
  const { chats, expanded } = parityCase.params as { chats: Chat[]; expanded?: boolean };
  const items: unknown[] = [];
  for (const chat of chats) {
    if (expanded) items.push(await expandedItem(parityCase, checkpoint, builder, chat));
    else items.push({ name: chat.name, ...builder.build(chat.messages, optionsOf(chat)) });
  }
  return { tensors: {}, result: { items } };
}

async function expandedItem(
  parityCase: ParityCase,
  checkpoint: Checkpoint,
  builder: PromptBuilder,
  chat: Chat,
) {
  const config = parseProcessorConfig(await checkpoint.readJson('preprocessor_config.json'));
  const pictures = promptPictures(chat.messages);
  const read = (names: string[]) =>
    Promise.all(names.map((name) => readPicture(parityCase.picturePath(name))));
  const seen = (await read(pictures.seen)).map((picture) => visionInput(picture, config));
  const generated = (await read(pictures.visualTokens)).map(visualTokenizerInput);
  const { ids } = builder.build(chat.messages, {
    ...optionsOf(chat),
    seen: seen.map(({ tokens }) => tokens),
    visualTokens: generated.map(({ grid }) => grid),
  });
  return {
    name: chat.name,
    ids,
    image_grid_thw: seen.length === 0 ? null : seen.map(({ grid }) => grid),
    gen_picture_shapes: generated.map(({ planes }) => planes.shape),
  };
}

function optionsOf({ t2i_generate, ar, add_generation_prompt }: Chat) {
  return {
    generate: t2i_generate && ar ? { height: ar[0], width: ar[1] } : undefined,
    addGenerationPrompt: add_generation_prompt,
  };
}
