/** A conversation to an answer: look at the pictures, read what is new, then one token after the other. */
import { RandomStream, STREAMS } from './decoding/random.ts';
import { generateAnswer } from './decoding/text-generation.ts';
import { TuskError, throwIfCancelled } from './errors.ts';
import { PICTURE_TOKENS, workload } from './memory/working.ts';
import { asSeen, byKey, readSource, type SourcePicture } from './picture-sources.ts';
import type { ChatMessage, ChatResult, Params, RequestContext } from './protocol.ts';
import type { PictureByName, PromptReader, ReadPrompt } from './reading.ts';
import { shorterAndShorter } from './recent-messages.ts';
import { defaultSize, planGrid, resolveSampling } from './settings.ts';
import { StageClock } from './stage-clock.ts';
import type { Message, MessagePart } from './tokenizer/messages.ts';
import type { Workbench } from './workbench.ts';

/** The reference's floor for top-k and top-p in answers. */
const MINIMUM_KEPT = 1;

/** @throws CancelledError between two tokens; TuskError `bad-prompt`, `bad-picture`, `non-finite` and others by name */
export async function chat(
  bench: Workbench,
  params: Params<'chat'>,
  context: RequestContext,
): Promise<ChatResult> {
  const clock = new StageClock();
  const { emit, signal } = context;
  const { files } = bench.model;
  const { answerGeneration, config, prompts } = files;
  assertAnswerable(params.messages);
  const { messages, sources } = await readMessages(params.messages);
  const size = defaultSize(files);
  const promptTokens = params.messages.reduce((sum, message) => sum + tokensOf(message), 0);
  const grid = planGrid(files, size);
  const work = workload({ size, grid, promptTokens, images: 1, references: 0 });
  bench.begin({ verb: 'chat', work, choice: params.memory, rounded: 'everything' }, context);
  const networks = await clock.time('loadMs', () => bench.networks(['languageModel'], context));

  const mostTokens = config.llm_config.text_config.max_position_embeddings;
  const wanted = Math.min(params.maxTokens ?? answerGeneration.max_new_tokens, Math.floor(mostTokens / 2));
  const conversation = bench.conversation(networks.languageModel);
  const { prompt, read } = await clock.time('readMs', async () => {
    emit({ event: 'reading', tokens: 0, pictures: sources.length });
    const reader = bench.reader(networks.languageModel);
    const given = byKey(sources);
    const seen = async (key: string) => asSeen(files, await given(key));
    const prompt = await readRecent(reader, messages, seen, mostTokens - wanted);
    throwIfCancelled(signal);
    emit({ event: 'reading', tokens: prompt.ids.length, pictures: sources.length });
    return { prompt, read: await conversation.read(prompt, signal) };
  });
  const firstTokenMs = clock.elapsed();
  const { greedy, ...sampling } = resolveSampling(params.sampling, answerGeneration);
  const uniform = greedy ? undefined : new RandomStream(params.seed ?? 0, STREAMS.answer).uniform;
  const answer = await clock.time('planMs', () =>
    generateAnswer(
      read.run,
      { ids: prompt.ids, output: read.output },
      {
        rules: { ...sampling, minimumKept: MINIMUM_KEPT, ...(uniform && { uniform }) },
        stopIds: [answerGeneration.eos_token_id ?? prompts.tokenizer.specialId('<|im_end|>')].flat(),
        maxNewTokens: wanted,
        decoder: prompts.tokenizer.streamDecoder(),
        firstSpecialId: prompts.tokenizer.config.special_start_id,
        onText: (delta) => emit({ event: 'text', delta }),
        signal,
      },
    ),
  );
  const timings = { ...clock.timings(), firstTokenMs };
  return { text: answer.text, tokens: answer.ids.length, finish: answer.finish, timings };
}

/** At most about. */
const tokensOf = ({ content }: ChatMessage): number =>
  content.reduce((sum, part) => sum + (part.type === 'text' ? part.text.length : PICTURE_TOKENS), 0);

function assertAnswerable(messages: readonly ChatMessage[]): void {
  if (messages.at(-1)?.role === 'user') return;
  throw new TuskError('bad-prompt', "The conversation doesn't end with the person's message.", {
    hint: 'Ask something.',
  });
}

/**
 * As much of the conversation's end as leaves room for the answer.
 * @param room tokens for the prompt
 * @throws TuskError `bad-prompt` if not even the last question fits
 */
async function readRecent(
  reader: PromptReader,
  messages: readonly Message[],
  pictures: PictureByName,
  room: number,
): Promise<ReadPrompt> {
  let tokens = 0;
  for (const recent of shorterAndShorter(messages)) {
    const prompt = await reader.read(recent, pictures);
    tokens = prompt.ids.length;
    if (tokens <= room) return prompt;
  }
  throw new TuskError('bad-prompt', `The question takes ${tokens} tokens; the model reads ${room}.`, {
    hint: 'Shorten it, or ask for a shorter answer.',
  });
}

/** Pictures become keys the template passes on. */
async function readMessages(
  messages: readonly ChatMessage[],
): Promise<{ messages: Message[]; sources: SourcePicture[] }> {
  const sources: SourcePicture[] = [];
  const read: Message[] = [];
  for (const { role, content } of messages) {
    const parts: MessagePart[] = [];
    for (const part of content) {
      if (part.type === 'text') {
        parts.push({ type: 'text', text: part.text });
        continue;
      }
      const source = await readSource(part.picture);
      sources.push(source);
      parts.push({ type: 'image', image: source.key });
    }
    read.push({ role, content: parts });
  }
  return { messages: read, sources };
}
