/** Answers and the chat's cache on the small real checkpoint. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Conversation, type ConversationPrompt } from '../../../engine/decoding/conversation.ts';
import type { LanguageModel } from '../../../engine/decoding/language-model.ts';
import { RandomStream, STREAMS } from '../../../engine/decoding/random.ts';
import { type AnswerRequest, generateAnswer } from '../../../engine/decoding/text-generation.ts';
import { CancelledError } from '../../../engine/errors.ts';
import { readPicture } from '../../../engine/image/decode.ts';
import { Model } from '../../../engine/load.ts';
import { PromptReader } from '../../../engine/reading.ts';
import type { Message } from '../../../engine/tokenizer/messages.ts';
import { compareTensors } from '../../../engine/verify/compare.ts';

let model: Model;
let languageModel: LanguageModel;
let reader: PromptReader;
let request: AnswerRequest;

before(async () => {
  model = await Model.open('test/parity/alpha/checkpoint', { threads: 1 });
  ({ languageModel } = await model.networks(['languageModel']));
  const { prompts, processor } = model.files;
  const visualTokenizer = async () => (await model.networks(['visualTokenizer'])).visualTokenizer;
  reader = new PromptReader({ prompts, processor, languageModel, visualTokenizer });
  request = {
    rules: { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1, minimumKept: 1 },
    stopIds: [],
    maxNewTokens: 8,
    decoder: prompts.tokenizer.streamDecoder(),
  };
});
after(() => model.dispose());

const read = (messages: readonly Message[]): Promise<ConversationPrompt> =>
  reader.read(messages, (name) => readPicture(`test/parity/alpha/pictures/${name}.png`));
const ask = (text: string): Message => ({ role: 'user', content: [{ type: 'text', text }] });
const show = (image: string, text: string): Message => ({
  role: 'user',
  content: [
    { type: 'image', image },
    { type: 'text', text },
  ],
});
const reply: Message = { role: 'assistant', content: 'A boat.' };

async function answer(messages: readonly Message[], changes: Partial<AnswerRequest> = {}) {
  const conversation = new Conversation(languageModel);
  try {
    const prompt = await read(messages);
    const { run, output } = await conversation.read(prompt);
    const decoder = model.files.prompts.tokenizer.streamDecoder();
    const answered = await generateAnswer(
      run,
      { ids: prompt.ids, output },
      { ...request, decoder, ...changes },
    );
    return answered;
  } finally {
    conversation.dispose();
  }
}

test('an answer is cut at the limit, or ends with a stop id that is no part of the text', async () => {
  const cut = await answer([ask('What is it?')]);
  assert.deepEqual([cut.finish, cut.ids.length], ['length', 8]);
  const stopId = cut.ids[3]!;
  const first = cut.ids.indexOf(stopId);
  const stopped = await answer([ask('What is it?')], { stopIds: [999_999, stopId] });
  assert.equal(stopped.finish, 'stop');
  assert.deepEqual(stopped.ids, cut.ids.slice(0, first + 1));
  assert.equal(stopped.text, model.files.prompts.tokenizer.decode(cut.ids.slice(0, first)));
});

test('streamed pieces are whole characters and join to the text; special tokens are left out', async () => {
  const { tokenizer } = model.files.prompts;
  const deltas: string[] = [];
  const firstSpecialId = tokenizer.config.special_start_id;
  const full = await answer([show('plain', 'How many boats?')], {
    maxNewTokens: 40,
    firstSpecialId,
    onText: (delta) => deltas.push(delta),
  });
  assert.ok(deltas.length > 3);
  assert.ok(deltas.every((delta) => delta !== '' && !/\p{Surrogate}/u.test(delta)));
  assert.equal(deltas.join(''), full.text);
  assert.equal(full.text, tokenizer.decodeWithoutSpecial(full.ids));
});

test('sampled answers follow their seed', async () => {
  const drawn = (seed: number) =>
    answer([ask('What is it?')], {
      rules: {
        ...request.rules,
        temperature: 1.5,
        uniform: new RandomStream(seed, STREAMS.answer).uniform,
      },
    });
  const [first, again, other] = [await drawn(1), await drawn(1), await drawn(2)];
  assert.deepEqual(again.ids, first.ids);
  assert.notDeepEqual(other.ids, first.ids);
});

test('a cancelled answer ends before the next token', async () => {
  const controller = new AbortController();
  let steps = 0;
  const observe = (step: number) => {
    steps = step;
    if (step === 2) controller.abort();
  };
  await assert.rejects(answer([ask('What is it?')], { signal: controller.signal, observe }), CancelledError);
  assert.equal(steps, 2);
});

/** Reads the turns one after the other in one conversation; how many ids each took from the cache. */
async function readTurns(turns: readonly (readonly Message[])[]) {
  const conversation = new Conversation(languageModel);
  const reused: number[] = [];
  try {
    for (const messages of turns) {
      const prompt = await read(messages);
      const found = await conversation.read(prompt);
      reused.push(found.reused);
      const fresh = new Conversation(languageModel);
      const expected = await fresh.read(prompt);
      const { maxRel } = compareTensors(found.output.logits, expected.output.logits);
      assert.ok(maxRel < 1e-5, `turn ${reused.length} differs by ${maxRel}`);
      fresh.dispose();
    }
  } finally {
    conversation.dispose();
  }
  return reused;
}

test('a later turn reads only what is new, with scores equal to reading all', async () => {
  const first = [show('wide', 'What is it?')];
  const second = [...first, reply, show('grey', 'And this?')];
  const third = [...second, reply, ask('Sure?')];
  const [none, some, more] = await readTurns([first, second, third]);
  assert.equal(none, 0);
  assert.equal(some, (await read(first)).ids.length);
  assert.equal(more, (await read(second)).ids.length);
});

test('another picture of the same size at the same place is read anew, whole', async () => {
  const [, reused] = await readTurns([[show('plain', 'What is it?')], [show('second', 'What is it?')]]);
  const { ids } = await read([show('plain', 'What is it?')]);
  assert.ok(reused! <= ids.indexOf(languageModel.shape.imageTokenId));
});

test('a changed earlier turn, the same prompt again and an unrelated chat are read right', async () => {
  const chat = [show('plain', 'What is it?'), reply, ask('Sure?')];
  const changed = [show('plain', 'What is that?'), reply, ask('Sure?')];
  const [, , same, unrelated] = await readTurns([chat, changed, changed, [ask('Hello')]]);
  assert.equal(same, (await read(changed)).ids.length - 1);
  assert.ok(unrelated! < 8);
});

test('after a cancelled reading the next one is still right', async () => {
  const conversation = new Conversation(languageModel);
  const prompt = await read([show('plain', 'What is it?')]);
  await assert.rejects(conversation.read(prompt, AbortSignal.abort()), CancelledError);
  const { output } = await conversation.read(prompt);
  const fresh = new Conversation(languageModel);
  const expected = await fresh.read(prompt);
  assert.ok(compareTensors(output.logits, expected.output.logits).maxRel < 1e-5);
  conversation.dispose();
  fresh.dispose();
});
