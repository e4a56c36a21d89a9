/** Prompts the model in use does well, and the act that belongs to them. */
import { useEffect, useMemo } from 'react';
import type { Job, Snapshot } from '../../engine/studio-protocol.ts';
import { useStudio } from '../stores/studio.ts';
import { watchJob } from '../stores/workspace.ts';
import { currentChat, newChat } from './actions.ts';
import { call, request } from './studio.ts';

/** Empty until the engine has told them, which it can once it is ready. */
export function useExamples(): Snapshot['examples'] {
  const examples = useStudio((state) => state.examples);
  const isMissing = useStudio((state) => state.engine === 'ready' && state.examples.create.length === 0);
  useEffect(() => {
    if (isMissing) void readExamples();
  }, [isMissing]);
  return examples;
}

/** Those edits and questions that speak of nothing the picture doesn't show, as far as its prompt tells. */
export function useFittingExamples(prompt: string): Pick<Snapshot['examples'], 'edit' | 'ask'> {
  const { edit, ask } = useExamples();
  const vocabulary = useStudio((state) => state.vocabulary);
  return useMemo(() => {
    const fits = (example: string) => thingsOf(example, vocabulary).every((thing) => prompt.includes(thing));
    return { edit: edit.filter(fits), ask: ask.filter(fits) };
  }, [edit, ask, vocabulary, prompt]);
}

/** Known things an example takes for granted: "the car", not "a rocket". */
function thingsOf(example: string, vocabulary: readonly string[]): string[] {
  return vocabulary.filter((word) => example.includes(`the ${word}`));
}

async function readExamples(): Promise<void> {
  const snapshot = await request('studio.open', {}).catch(() => undefined);
  if (!snapshot) return;
  const { examples, vocabulary, languages } = snapshot;
  useStudio.setState({ examples, vocabulary, languages });
}

/** Makes a picture in a chat of its own; what is being written in the composer stays. */
export async function makePicture(prompt: string): Promise<Job | undefined> {
  newChat();
  const chatId = await currentChat();
  if (!chatId) return undefined;
  const settings = { preset: useStudio.getState().settings?.preset };
  const sent = await call('jobs.submit', {
    chatId,
    mode: 'create',
    message: prompt,
    targetIds: [],
    settings,
    seed: null,
  });
  const job = sent?.jobs[0];
  if (job) watchJob(job.id);
  return job;
}
