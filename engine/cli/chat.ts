/** `tusk chat`: one answer, or a conversation that also makes and edits pictures. */
import { stat } from 'node:fs/promises';
import type { ChatMessage, PictureSource } from '../protocol.ts';
import { type Arguments, memoryOption, numberOption, textOption } from './arguments.ts';
import { Conversation } from './conversation.ts';
import { type CommandSession, printJson, runVerb } from './session.ts';

const PICTURE_FILE = /\.(png|jpe?g|webp|avif)$/i;

/** The last word is the question, unless it is a picture: then the conversation is interactive. */
export async function runChat(session: CommandSession, parsed: Arguments): Promise<void> {
  const { positionals } = parsed;
  const last = positionals.at(-1);
  const hasQuestion = last !== undefined && !(await isPicture(last));
  const pictures = (hasQuestion ? positionals.slice(0, -1) : positionals).map((path) => ({ path }));
  if (!hasQuestion) return new Conversation(session, textOption(parsed, 'checkpoint'), pictures).run();
  await answer(session, parsed, [question(last, pictures)]);
}

const isPicture = (word: string): Promise<boolean> =>
  stat(word).then(
    (info) => info.isFile(),
    () => PICTURE_FILE.test(word),
  );

export function question(text: string, pictures: readonly PictureSource[]): ChatMessage {
  return {
    role: 'user',
    content: [...pictures.map((picture) => ({ type: 'picture' as const, picture })), { type: 'text', text }],
  };
}

async function answer(session: CommandSession, parsed: Arguments, messages: ChatMessage[]): Promise<void> {
  const params = {
    checkpoint: textOption(parsed, 'checkpoint'),
    memory: memoryOption(parsed),
    messages,
    seed: numberOption(parsed, 'seed'),
    maxTokens: numberOption(parsed, 'max-tokens'),
  };
  const result = await runVerb(session, 'chat', params, (event) => {
    if (event.event === 'text' && !session.json) process.stdout.write(event.delta);
  });
  if (session.json) printJson({ event: 'done', ...result });
  else process.stdout.write('\n');
}
