/** Enlarging a picture: a turn of the chat and a job like any other, without words. */
import { newId } from '../library/ids.ts';
import type { Job, StudioCheckedParams, Turn } from '../studio-protocol.ts';
import { begin } from './begin.ts';
import { notFound } from './failures.ts';
import type { Handlers, Parts } from './parts.ts';
import { WAITING } from './queue.ts';

export const upscaleHandlers = (parts: Parts) =>
  ({
    'versions.upscale': (params) => upscale(parts, params),
  }) satisfies Partial<Handlers>;

function upscale(parts: Parts, { versionId, factor, chatId }: StudioCheckedParams<'versions.upscale'>): Job {
  const { chats, versions } = parts.library;
  const chat = chats.get(chatId);
  if (!chat) throw notFound('chat');
  const version = versions.get(versionId);
  if (!version) throw notFound('picture');
  // The same in every language.
  const text = `${version.prompt} ×${factor}`;
  const request = { chatId, mode: 'upscale' as const, createdAt: chats.nextTurnAt(chatId) };
  const turn: Turn = {
    ...{ ...request, id: newId(), role: 'person', text, versionIds: [versionId] },
    ...{ jobId: null, replyToId: null },
  };
  const job: Job = {
    ...{ ...request, ...WAITING, id: newId(), turnId: turn.id, message: text, targetIds: [versionId] },
    ...{ settings: { factor }, seed: version.seed ?? 0, versionId: null },
  };
  begin(parts, chat, turn, [job]);
  return job;
}
