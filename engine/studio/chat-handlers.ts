/** Chats: make, open, rename, delete and restore. */
import { newId } from '../library/ids.ts';
import type { Chat } from '../studio-protocol.ts';
import { notFound } from './failures.ts';
import type { Handlers, Parts } from './parts.ts';

export const chatHandlers = ({ library, queue, emit }: Parts) => {
  const { chats, versions } = library;

  const find = (id: string): Chat => {
    const chat = chats.get(id);
    if (!chat) throw notFound('chat');
    return chat;
  };

  const put = (chat: Chat): Chat => {
    chats.put(chat);
    emit({ event: 'chat', chat });
    return chat;
  };

  return {
    'chats.create': ({ chatId = newId(), title = '' }) => {
      const now = Date.now();
      const times = { createdAt: now, updatedAt: now, deletedAt: null };
      return chats.get(chatId) ?? put({ id: chatId, title, ...times, coverVersionId: null });
    },
    'chats.get': ({ chatId }) => ({
      chat: find(chatId),
      turns: chats.turns(chatId),
      versions: versions.ofChat(chatId),
      jobs: library.jobs.ofChat(chatId).map(({ job }) => queue.live(job)),
    }),
    'chats.rename': ({ chatId, title }) => put({ ...find(chatId), title }),
    'chats.delete': ({ chatId }) => {
      put({ ...find(chatId), deletedAt: Date.now() });
      return {};
    },
    'chats.restore': ({ chatId }) => put({ ...find(chatId), deletedAt: null }),
  } satisfies Partial<Handlers>;
};
