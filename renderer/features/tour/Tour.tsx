import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Job } from '../../../engine/studio-protocol.ts';
import { Dialog } from '../../components/Dialog.tsx';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import { ChoosePrompt } from './ChoosePrompt.tsx';
import { Finished } from './Finished.tsx';
import { Making } from './Making.tsx';
import './tour.css';

/** The first run: choose a prompt, watch it become a picture, learn the two next steps. */
export function Tour() {
  const { t } = useTranslation('tour');
  const [jobId, setJobId] = useState<string | null>(null);
  const job = useStudio((state) => (jobId ? state.jobs[jobId] : undefined));
  return (
    <Dialog label={t('title')} onClose={leave}>
      <div className="tour">{stepOf(job, setJobId)}</div>
    </Dialog>
  );
}

function stepOf(job: Job | undefined, start: (jobId: string) => void) {
  if (!job) return <ChoosePrompt onStart={start} onLeave={leave} />;
  if (job.state === 'done' && job.versionId) return <Finished versionId={job.versionId} onLeave={leave} />;
  return <Making job={job} onStart={start} onLeave={leave} />;
}

function leave(): void {
  useWorkspace.setState({ dialog: null });
  if (!useStudio.getState().settings?.tourSeen) void call('settings.set', { tourSeen: true });
}
