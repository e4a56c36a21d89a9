import { useWorkspace } from '../stores/workspace.ts';
import { currentChat } from './actions.ts';
import { call } from './studio.ts';

/** The picture twice or four times as large, as a job of the chat on screen. */
export async function enlarge(versionId: string, factor: 2 | 4): Promise<void> {
  const chatId = await currentChat();
  const job = chatId && (await call('versions.upscale', { versionId, factor, chatId }));
  if (job) useWorkspace.setState({ watchedJobId: job.id });
}
