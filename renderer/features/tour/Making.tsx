import { useTranslation } from 'react-i18next';
import type { Job } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { FailureCard } from '../../components/FailureCard.tsx';
import { LivePicture } from '../../components/LivePicture.tsx';
import { Progress } from '../../components/Progress.tsx';
import { reportOf } from '../../components/useFailureWords.ts';
import { useStageWords } from '../../components/useStageWords.ts';
import { copyText } from '../../engine/shell.ts';
import { call } from '../../engine/studio.ts';
import { isPending, sizeOf, useStudio } from '../../stores/studio.ts';

interface Props {
  job: Job;
  onStart: (jobId: string) => void;
  onLeave: () => void;
}

/** The picture while it comes, or why it did not. */
export function Making({ job, onStart, onLeave }: Props) {
  const { t } = useTranslation('tour');
  const preview = useStudio((state) => state.previews[job.id]);
  const versions = useStudio((state) => state.versions);
  const { text, share } = useStageWords(job);
  const isMaking = isPending(job);
  return (
    <>
      <h2>{t(isMaking ? 'making' : 'welcome')}</h2>
      {isMaking && <p>{t('makingText')}</p>}
      <div className="tour-picture">
        <LivePicture
          preview={preview}
          alt={job.message}
          coarse={job.stage === 'planning'}
          {...sizeOf(job, versions)}
        />
      </div>
      {isMaking ? (
        <div className="tour-progress">
          <Progress label={job.message} text={text} share={share} />
          <span aria-hidden="true">{text}</span>
        </div>
      ) : (
        <Stopped job={job} onStart={onStart} />
      )}
      <div className="tour-buttons">
        <Button look="quiet" onClick={onLeave}>
          {t('watchInStudio')}
        </Button>
      </div>
    </>
  );
}

function Stopped({ job, onStart }: Omit<Props, 'onLeave'>) {
  const { t } = useTranslation('tour');
  const again = async () => {
    const next = await call('jobs.retry', { jobId: job.id });
    if (next) onStart(next.id);
  };
  const button = <Button onClick={again}>{t('again')}</Button>;
  if (job.failure)
    return (
      <FailureCard
        failure={job.failure}
        report={reportOf(job.failure)}
        onCopy={(report) => void copyText(report, t('failures:word.copied'))}
      >
        {button}
      </FailureCard>
    );
  return (
    <div role="alert" className="tour-stopped">
      <p>{t('stopped')}</p>
      {button}
    </div>
  );
}
