/** A conversation as a request: what is in the cache changes nothing, what is too long loses its beginning. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { EngineClient } from '../../../engine/client.ts';
import { createHandlers } from '../../../engine/process/handlers.ts';
import { serve } from '../../../engine/process/serve.ts';
import type { ChatMessage, Port, Progress } from '../../../engine/protocol.ts';
import { changeConfig, INTACT, linkedCheckpoint, removeFolder } from '../../helpers/checkpoint-folder.ts';
import { portPair } from '../../helpers/ports.ts';

const MOST_TOKENS = 400;
const ANSWER_TOKENS = 6;
const PICTURE = { path: resolve('test/parity/alpha/pictures/small.png') };

let short = '';
let ports: Port[] = [];

function engine(): EngineClient {
  const [here, there] = portPair();
  serve(there, createHandlers({ threads: 1 }));
  ports = [...ports, here];
  return new EngineClient(here);
}

before(async () => {
  short = await linkedCheckpoint();
  await changeConfig(short, 'llm_config.text_config.max_position_embeddings', MOST_TOKENS);
});
after(async () => {
  for (const port of ports) port.close();
  await removeFolder(short);
});

const ask = (text: string, withPicture = false): ChatMessage => ({
  role: 'user',
  content: [
    ...(withPicture ? [{ type: 'picture' as const, picture: PICTURE }] : []),
    { type: 'text' as const, text },
  ],
});
const reply = (text: string): ChatMessage => ({ role: 'assistant', content: [{ type: 'text', text }] });

async function answer(client: EngineClient, checkpoint: string, messages: ChatMessage[]) {
  let tokens = 0;
  const onEvent = (event: Progress) => {
    if (event.event === 'reading') tokens = event.tokens;
  };
  const params = { checkpoint, messages, maxTokens: ANSWER_TOKENS, sampling: { temperature: 0 } };
  const { text } = await client.run('chat', params, { onEvent });
  return { text, tokens };
}

test('turn after turn on one engine gives the answers of an engine that starts anew each time', async () => {
  const kept = engine();
  const messages: ChatMessage[] = [];
  for (const [question, withPicture] of [
    ['What is it?', true],
    ['Which colour has it?', false],
    ['Is it a boat?', false],
  ] as const) {
    messages.push(ask(question, withPicture));
    const { text, tokens } = await answer(kept, INTACT, messages);
    assert.deepEqual({ text, tokens }, await answer(engine(), INTACT, messages));
    messages.push(reply(text));
  }
});

test('a conversation that is too long is answered from its end, with the picture it is about', async () => {
  const client = engine();
  const exchanges = Array.from({ length: 30 }, (_, i) => [
    ask(`Question number ${i}, is there anything in it?`, i === 0),
    reply(`Answer number ${i}, there is.`),
  ]);
  const last = ask('What is it?');
  const whole = await answer(client, short, [...exchanges.flat(), last]);
  assert.ok(whole.tokens + ANSWER_TOKENS <= MOST_TOKENS, `${whole.tokens} tokens`);
  const shortened = [24, 16, 8].map((start) => {
    const [[first, ...followed], ...rest] = exchanges.slice(start) as [ChatMessage[], ...ChatMessage[][]];
    const about = { ...first!, content: [...ask('', true).content.slice(0, 1), ...first!.content] };
    return [about, ...followed, ...rest.flat(), last];
  });
  const answers = await Promise.all(shortened.map((messages) => answer(client, short, messages)));
  assert.ok(answers.some(({ text, tokens }) => text === whole.text && tokens === whole.tokens));
});

test('a question that alone is too long is refused with its length', async () => {
  await assert.rejects(answer(engine(), short, [ask('a boat '.repeat(400))]), {
    code: 'bad-prompt',
    message: /takes \d+ tokens; the model reads 394/,
  });
});
