import type { Job, Version } from '../../../engine/studio-protocol.ts';
import { isPending, type StudioState, sizeOf, useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';

/** What the canvas shows: a job at work, or a picture. */
export type Shown =
  | { job: Job; size: { width: number; height: number }; preview: string | undefined }
  | { version: Version }
  | null;

export function useShown(): Shown {
  const watchedId = useWorkspace((state) => state.watchedJobId);
  const jobId = useStudio((state) => jobToShow(state, watchedId)) ?? '';
  const versionId = useWorkspace((state) => state.versionId ?? '');
  const job = useStudio((state) => state.jobs[jobId]);
  const preview = useStudio((state) => state.previews[jobId]);
  const version = useStudio((state) => state.versions[versionId]);
  const versions = useStudio((state) => state.versions);
  const isMaking = job && isPending(job) && job.mode !== 'ask' && (preview !== undefined || !version);
  if (isMaking) return { job, preview, size: sizeOf(job, versions) };
  return version && version.deletedAt === null ? { version } : null;
}

/** While the watched job waits, the one that runs is what can be seen. */
function jobToShow({ jobs, queue }: StudioState, watchedId: string | null): string | null {
  if (watchedId === null || jobs[watchedId]?.state === 'running') return watchedId;
  return queue.find((id) => jobs[id]?.state === 'running') ?? watchedId;
}
