/** Prompts the model in use does well, and the act that belongs to them. */
import { useEffect } from 'react';
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

async function readExamples(): Promise<void> {
  const snapshot = await request('studio.open', {}).catch(() => undefined);
  if (snapshot) useStudio.setState({ examples: snapshot.examples, vocabulary: snapshot.vocabulary });
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
