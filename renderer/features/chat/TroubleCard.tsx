import { MemoryStick, RotateCw } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Failure, Job } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { FailureCard } from '../../components/FailureCard.tsx';
import { reportOf, useSmallerWords } from '../../components/useFailureWords.ts';
import { copyText } from '../../engine/shell.ts';
import { call } from '../../engine/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';

const UNTOLD: Failure = { code: 'internal', message: '', hint: null };

/** Failed and parked jobs as cards with what to do, cancelled ones in one quiet line. */
export function TroubleCard({ job }: { job: Job }) {
  const { t } = useTranslation();
  const smallerWords = useSmallerWords();
  const retry = async (smaller = false) => {
    const again = await call('jobs.retry', { jobId: job.id, smaller });
    if (again) useWorkspace.setState({ watchedJobId: again.id });
  };
  if (job.state === 'cancelled')
    return (
      <div className="cancelled">
        <span>{t('trouble.cancelled')}</span>
        <Button look="quiet" small onClick={() => void retry()}>
          <RotateCw size={13} /> {t('trouble.again')}
        </Button>
      </div>
    );
  const failure = job.failure ?? UNTOLD;
  return (
    <FailureCard
      failure={failure}
      next={job.state === 'parked' ? t('trouble.parked') : undefined}
      report={reportOf(failure, ...asked(job))}
      onCopy={(report) => void copyText(report, t('failures:word.copied'))}
    >
      {failure.next && (
        <Button small look="main" onClick={() => void retry(true)}>
          <MemoryStick size={13} /> {smallerWords(failure.next)}
        </Button>
      )}
      <Button small onClick={() => void retry()}>
        <RotateCw size={13} /> {t('trouble.again')}
      </Button>
      {job.mode !== 'upscale' && (
        <Button look="quiet" small onClick={() => useWorkspace.setState({ message: job.message })}>
          {t('trouble.change')}
        </Button>
      )}
    </FailureCard>
  );
}

const asked = ({ mode, stage, position, total, seed, settings }: Job): string[] => [
  `mode: ${mode}`,
  `stage: ${stage} ${position}/${total}`,
  `seed: ${seed}`,
  `settings: ${JSON.stringify(settings)}`,
];
