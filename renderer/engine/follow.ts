/** The canvas follows the job it watches: to the next of the same message, or to the picture it became. */
import type { Job } from '../../engine/studio-protocol.ts';
import { isPending, useStudio } from '../stores/studio.ts';
import { useWorkspace } from '../stores/workspace.ts';

export function followJob(job: Job): void {
  const { watchedJobId, message, targetIds } = useWorkspace.getState();
  if (watchedJobId !== job.id || isPending(job)) return;
  const next = nextOfTurn(job);
  const versionId = job.mode === 'ask' ? null : job.versionId;
  if (!versionId) {
    useWorkspace.setState({ watchedJobId: next });
    return;
  }
  // While something is being written, what it is about stays as it is.
  const isComposing = message.trim() !== '';
  useWorkspace.setState({
    versionId,
    watchedJobId: next,
    targetIds: isComposing ? targetIds : [versionId],
  });
}

function nextOfTurn({ turnId }: Job): string | null {
  const { queue, jobs } = useStudio.getState();
  return queue.find((id) => jobs[id]?.turnId === turnId && isPending(jobs[id])) ?? null;
}
