/** A person's turn and the jobs it sets off: on disk together before anybody hears of them. */
import type { Chat, Job, Turn } from '../studio-protocol.ts';
import type { Parts } from './parts.ts';

const TITLE_CHARACTERS = 60;

/** @param first before all jobs that wait. */
export function begin(
  { library, queue, emit }: Parts,
  chat: Chat,
  turn: Turn,
  jobs: readonly Job[],
  first = false,
): void {
  const after = renamed(chat, turn);
  library.transaction(() => {
    library.chats.put(after);
    library.chats.putTurn(turn);
    queue.add(jobs, first);
  });
  emit({ event: 'chat', chat: after });
  emit({ event: 'turn', turn });
  queue.announce(jobs);
}

/** A chat without a title is called after its first message. */
function renamed(chat: Chat, turn: Turn): Chat {
  const title = chat.title || turn.text.trim().slice(0, TITLE_CHARACTERS);
  return { ...chat, title, updatedAt: turn.createdAt };
}
