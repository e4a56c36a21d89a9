import { useTranslation } from 'react-i18next';
import type { Job } from '../../../engine/studio-protocol.ts';
import { isPending } from '../../stores/studio.ts';
import { type Exchange, usePictures } from './conversation.ts';
import { JobCard } from './JobCard.tsx';
import { PictureStrip } from './PictureStrip.tsx';
import { TroubleCard } from './TroubleCard.tsx';
import './reply.css';

const isTrouble = (job: Job) =>
  job.state === 'failed' || job.state === 'parked' || (job.state === 'cancelled' && !job.versionId);

/** What came of a message: an answer or pictures, what is still being made, what went wrong. */
export function Reply({ question, reply, jobs }: Exchange) {
  const { t } = useTranslation();
  const pictures = usePictures(reply);
  const pending = jobs.filter(isPending);
  const isAsk = question.mode === 'ask';
  const answer = isAsk ? reply?.text || jobs.at(-1)?.text : '';
  return (
    <div className="reply">
      <span className="hidden-label">{t('thread.tusk')}</span>
      {answer && (
        <p className="answer" dir="auto">
          {answer}
        </p>
      )}
      {pictures.length > 0 && <PictureStrip pictures={pictures} jobs={jobs} />}
      {pending.map((job) => (
        <JobCard key={job.id} job={job} />
      ))}
      {jobs.filter(isTrouble).map((job) => (
        <TroubleCard key={job.id} job={job} />
      ))}
    </div>
  );
}
