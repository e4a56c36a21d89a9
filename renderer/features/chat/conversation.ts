/** A chat as it is read: each message with its answer and the jobs it set off. */
import { useMemo } from 'react';
import type { Job, Turn, Version } from '../../../engine/studio-protocol.ts';
import { useStudio } from '../../stores/studio.ts';

export interface Exchange {
  question: Turn;
  reply: Turn | undefined;
  jobs: Job[];
}

export function useConversation(chatId: string | null): Exchange[] {
  const turns = useStudio((state) => state.turns);
  const jobs = useStudio((state) => state.jobs);
  return useMemo(
    () => conversationOf(chatId, Object.values(turns), Object.values(jobs)),
    [chatId, turns, jobs],
  );
}

export function conversationOf(
  chatId: string | null,
  turns: readonly Turn[],
  jobs: readonly Job[],
): Exchange[] {
  const ours = turns.filter((turn) => turn.chatId === chatId);
  const replies = new Map(ours.filter((turn) => turn.replyToId).map((turn) => [turn.replyToId, turn]));
  const byTurn = groups(
    jobs.filter((job) => job.chatId === chatId),
    (job) => job.turnId,
  );
  return ours
    .filter((turn) => turn.role === 'person')
    .sort((a, b) => a.createdAt - b.createdAt)
    .map((question) => ({
      question,
      reply: replies.get(question.id),
      jobs: (byTurn.get(question.id) ?? []).sort((a, b) => a.createdAt - b.createdAt),
    }));
}

export const sameExchange = (a: Exchange, b: Exchange): boolean =>
  a.question === b.question &&
  a.reply === b.reply &&
  a.jobs.length === b.jobs.length &&
  a.jobs.every((job, index) => job === b.jobs[index]);

/** The pictures of an answer that are still there. */
export function usePictures(reply: Turn | undefined): Version[] {
  const versions = useStudio((state) => state.versions);
  const ids = reply && reply.mode !== 'ask' ? reply.versionIds : [];
  return ids.flatMap((id) => (versions[id] && versions[id].deletedAt === null ? [versions[id]] : []));
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const all = new Map<string, T[]>();
  for (const item of items) all.set(keyOf(item), [...(all.get(keyOf(item)) ?? []), item]);
  return all;
}
