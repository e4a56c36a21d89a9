/** What a question is sent with: the chat's questions and answers before it, where the model can hold them. */
import type { Library } from '../library/library.ts';
import type { ChatMessage, ModelSummary } from '../protocol.ts';
import type { Job, Turn } from '../studio-protocol.ts';

interface Asked {
  text: string;
  /** Pictures it is about. */
  versionIds: readonly string[];
  answer: string;
}

/** @param reach of the model: without exchanges the question goes alone */
export async function messagesOf(
  library: Library,
  job: Job,
  { exchanges, acrossPictures }: ModelSummary['conversation'],
): Promise<ChatMessage[]> {
  const asked = exchanges === 0 ? [] : answeredBefore(library, job);
  const near = acrossPictures ? asked : sinceLastPicture(asked, job.targetIds);
  const earlier = near.slice(-exchanges);
  const messages: ChatMessage[] = [];
  let shown = '';
  for (const { text, versionIds, answer } of earlier) {
    const pictures = await stillThere(library, versionIds);
    if (!pictures) continue;
    messages.push(question(text, same(shown, versionIds) ? [] : pictures), reply(answer));
    shown = versionIds.join();
  }
  const pictures = same(shown, job.targetIds) ? [] : await Promise.all(job.targetIds.map(read(library)));
  return [...messages, question(job.message, pictures)];
}

/** The exchanges about the same pictures, back to the last one about others. */
const sinceLastPicture = (asked: readonly Asked[], versionIds: readonly string[]): readonly Asked[] =>
  asked.slice(asked.findLastIndex((earlier) => !same(earlier.versionIds.join(), versionIds)) + 1);

/** A picture that goes on being talked about is shown once. */
const same = (shown: string, versionIds: readonly string[]): boolean =>
  shown !== '' && shown === versionIds.join();

function answeredBefore({ chats }: Library, { chatId, turnId }: Job): Asked[] {
  const turns = chats.turns(chatId);
  const replies = new Map(turns.map((turn) => [turn.replyToId, turn]));
  const until = turns.findIndex(({ id }) => id === turnId);
  return turns
    .slice(0, until)
    .filter(({ role, mode }) => role === 'person' && mode === 'ask')
    .flatMap((turn) => answered(turn, replies.get(turn.id)));
}

const answered = ({ text, versionIds }: Turn, reply: Turn | undefined): Asked[] =>
  reply && reply.text.trim() !== '' ? [{ text, versionIds, answer: reply.text }] : [];

const read = (library: Library) => async (id: string) => ({ bytes: await library.pictures.read(id) });

/** undefined if one was thrown away: then nobody knows what the question was about. */
const stillThere = (library: Library, versionIds: readonly string[]) =>
  Promise.all(versionIds.map(read(library))).catch(() => undefined);

const question = (text: string, pictures: readonly { bytes: Uint8Array }[]): ChatMessage => ({
  role: 'user',
  content: [
    ...pictures.map((picture) => ({ type: 'picture' as const, picture })),
    { type: 'text' as const, text },
  ],
});

const reply = (text: string): ChatMessage => ({ role: 'assistant', content: [{ type: 'text', text }] });
