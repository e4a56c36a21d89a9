import { ArrowDown, ArrowUp, ArrowUpToLine, Pencil, X } from 'lucide-react';
import { type DragEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Job } from '../../../engine/studio-protocol.ts';
import { IconButton } from '../../components/IconButton.tsx';
import { LineEditor } from '../../components/LineEditor.tsx';
import { call } from '../../engine/studio.ts';

interface Props {
  job: Job;
  index: number;
  /** Ids of all that wait. */
  order: string[];
}

/** Moves one id to another place of the list. */
export function moved(order: readonly string[], id: string, to: number): string[] {
  const rest = order.filter((other) => other !== id);
  return [...rest.slice(0, to), id, ...rest.slice(to)];
}

export function QueueChip({ job, index, order }: Props) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState(false);
  const move = (to: number) => void call('jobs.reorder', { jobIds: moved(order, job.id, to) });
  const drop = (event: DragEvent) => {
    const id = event.dataTransfer.getData('text/tusk-job');
    if (id) void call('jobs.reorder', { jobIds: moved(order, id, index) });
  };
  const reword = (message: string) => call('jobs.update', { jobId: job.id, message });
  if (editing)
    return (
      <li className="queue-chip">
        <LineEditor
          label={t('queue.edit', job)}
          text={job.message}
          onSave={reword}
          onEnd={() => setEditing(false)}
        />
      </li>
    );
  return (
    <li
      className="queue-chip"
      draggable
      onDragStart={(event) => event.dataTransfer.setData('text/tusk-job', job.id)}
      onDragOver={(event) => event.preventDefault()}
      onDrop={drop}
    >
      <span className="queue-message" dir="auto">
        {job.message}
      </span>
      {job.mode !== 'upscale' && (
        <IconButton small label={t('queue.edit', job)} onClick={() => setEditing(true)}>
          <Pencil size={12} />
        </IconButton>
      )}
      {index > 0 && (
        <>
          <IconButton small label={t('queue.first', job)} onClick={() => move(0)}>
            <ArrowUpToLine size={12} />
          </IconButton>
          <IconButton small label={t('queue.earlier', job)} onClick={() => move(index - 1)}>
            <ArrowUp size={12} />
          </IconButton>
        </>
      )}
      {index < order.length - 1 && (
        <IconButton small label={t('queue.later', job)} onClick={() => move(index + 1)}>
          <ArrowDown size={12} />
        </IconButton>
      )}
      <IconButton
        small
        label={t('queue.cancel', job)}
        onClick={() => void call('jobs.cancel', { jobId: job.id })}
      >
        <X size={12} />
      </IconButton>
    </li>
  );
}
