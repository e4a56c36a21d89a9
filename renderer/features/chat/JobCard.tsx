import { Square } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Job } from '../../../engine/studio-protocol.ts';
import { IconButton } from '../../components/IconButton.tsx';
import { LivePicture } from '../../components/LivePicture.tsx';
import { Progress } from '../../components/Progress.tsx';
import { thumbnailUrl } from '../../components/pictures.ts';
import { useStageWords } from '../../components/useStageWords.ts';
import { call } from '../../engine/studio.ts';
import { sizeOf, sourceOf, useStudio } from '../../stores/studio.ts';
import { useWorkspace, watchJob } from '../../stores/workspace.ts';

/** A job that waits (one line) or runs: what can be seen of it, how far it is, the button that stops it. */
export function JobCard({ job }: { job: Job }) {
  const { t } = useTranslation();
  const { text, share } = useStageWords(job);
  const isNext = useStudio(
    ({ queue, queuePaused }) => job.state === 'running' || (!queuePaused && queue[0] === job.id),
  );
  return (
    <div className="job-card">
      {job.mode !== 'ask' && isNext && <JobPicture job={job} />}
      <div className="job-line">
        <div className="job-progress">
          <Progress
            label={t('job.making', { message: job.message })}
            text={text}
            share={isNext ? share : 0}
          />
          <span className="job-stage" aria-hidden="true">
            {text}
          </span>
        </div>
        <IconButton
          small
          label={t('job.stop')}
          keys="Shift+X"
          onClick={() => void call('jobs.cancel', { jobId: job.id })}
        >
          <Square size={12} fill="currentColor" />
        </IconButton>
      </div>
    </div>
  );
}

function JobPicture({ job }: { job: Job }) {
  const { t } = useTranslation();
  const preview = useStudio((state) => state.previews[job.id]);
  const versions = useStudio((state) => state.versions);
  const source = sourceOf(job);
  const show = () => {
    watchJob(job.id);
    useWorkspace.setState({ pane: 'canvas' });
  };
  return (
    <button
      type="button"
      className="picture-button job-picture"
      aria-label={t('job.watch', { message: job.message })}
      onClick={show}
    >
      <LivePicture
        preview={preview}
        source={source && thumbnailUrl(source, 320)}
        alt={job.message}
        coarse={job.stage === 'planning'}
        {...sizeOf(job, versions)}
      />
    </button>
  );
}
