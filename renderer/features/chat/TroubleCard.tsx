import { CircleAlert, RotateCw } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Job } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { copyText } from '../../engine/shell.ts';
import { call } from '../../engine/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';

/** What happened, why, what to do: failed and parked jobs as alerts, cancelled ones in one quiet line. */
export function TroubleCard({ job }: { job: Job }) {
  const { t } = useTranslation();
  const retry = async () => {
    const again = await call('jobs.retry', { jobId: job.id });
    if (again) useWorkspace.setState({ watchedJobId: again.id });
  };
  if (job.state === 'cancelled')
    return (
      <div className="cancelled">
        <span>{t('trouble.cancelled')}</span>
        <Button look="quiet" small onClick={retry}>
          <RotateCw size={13} /> {t('trouble.again')}
        </Button>
      </div>
    );
  const { message, hint, code } = job.failure ?? {
    message: t('trouble.unknown'),
    hint: null,
    code: 'unknown',
  };
  return (
    <div className="trouble" role="alert">
      <CircleAlert size={16} aria-hidden="true" />
      <div>
        <p className="trouble-title">{message}</p>
        <p>{job.state === 'parked' ? t('trouble.parked') : hint}</p>
        <div className="trouble-actions">
          <Button small onClick={retry}>
            <RotateCw size={13} /> {t('trouble.again')}
          </Button>
          {job.mode !== 'upscale' && (
            <Button look="quiet" small onClick={() => useWorkspace.setState({ message: job.message })}>
              {t('trouble.change')}
            </Button>
          )}
        </div>
        <details>
          <summary>{t('trouble.details')}</summary>
          <pre>{reportOf(job, code)}</pre>
          <Button look="quiet" small onClick={() => void copyText(reportOf(job, code))}>
            {t('trouble.copy')}
          </Button>
        </details>
      </div>
    </div>
  );
}

const reportOf = (job: Job, code: string): string =>
  [
    `code: ${code}`,
    `message: ${job.failure?.message ?? ''}`,
    `mode: ${job.mode}`,
    `stage: ${job.stage} ${job.position}/${job.total}`,
    `seed: ${job.seed}`,
    `settings: ${JSON.stringify(job.settings)}`,
  ].join('\n');
