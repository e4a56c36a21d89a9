import { Pause, Play, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/Button.tsx';
import { IconButton } from '../../components/IconButton.tsx';
import { useKeys } from '../../components/useKeys.ts';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { QueueChip } from './QueueChip.tsx';
import './queue.css';

/** Jobs that wait, above the composer. */
export function Queue() {
  const { t } = useTranslation();
  const queue = useStudio((state) => state.queue);
  const jobs = useStudio((state) => state.jobs);
  const paused = useStudio((state) => state.queuePaused);
  const pending = queue.flatMap((id) => (jobs[id] ? [jobs[id]] : []));
  const running = pending.find((job) => job.state === 'running');
  const waiting = pending.filter((job) => job.state === 'queued');
  useKeys({ 'Shift+X': () => running && void call('jobs.cancel', { jobId: running.id }) });
  if (waiting.length === 0 && !paused) return null;
  return (
    <section className="queue" aria-label={t('queue.label')}>
      <div className="queue-head">
        <span>
          {paused
            ? t('queue.paused', { count: waiting.length })
            : t('queue.waiting', { count: waiting.length })}
        </span>
        <IconButton
          small
          label={t(paused ? 'queue.resume' : 'queue.pause')}
          onClick={() => void call('jobs.pause', { paused: !paused })}
        >
          {paused ? <Play size={13} /> : <Pause size={13} />}
        </IconButton>
        {pending.length > 0 && (
          <Button look="quiet" small onClick={() => void call('jobs.cancelAll', {})}>
            <X size={13} /> {t('queue.cancelAll')}
          </Button>
        )}
      </div>
      <ol>
        {waiting.map((job, index) => (
          <QueueChip key={job.id} job={job} index={index} order={waiting.map(({ id }) => id)} />
        ))}
      </ol>
    </section>
  );
}
