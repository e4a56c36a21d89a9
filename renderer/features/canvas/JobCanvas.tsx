import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Job } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { LivePicture } from '../../components/LivePicture.tsx';
import { pictureUrl } from '../../components/pictures.ts';
import { useStageWords } from '../../components/useStageWords.ts';
import { call } from '../../engine/studio.ts';
import { sourceOf } from '../../stores/studio.ts';
import { type Size, usePanZoom } from './usePanZoom.ts';

/** The same as in the chat, large. Its progress is spoken there, so it is only shown here. */
export function JobCanvas({ job, size, preview }: { job: Job; size: Size; preview: string | undefined }) {
  const { t } = useTranslation();
  const area = useRef<HTMLDivElement>(null);
  const { placement } = usePanZoom(area, size, job.id);
  const { text } = useStageWords(job);
  const source = sourceOf(job);
  return (
    <>
      <div className="canvas-bar">
        <p className="canvas-title">{job.message}</p>
      </div>
      <div className="canvas-area" ref={area}>
        <div className="canvas-picture" style={{ width: size.width * placement.scale }}>
          <LivePicture
            preview={preview}
            source={source && pictureUrl(source)}
            alt={job.message}
            coarse={job.stage === 'planning'}
            {...size}
          />
        </div>
      </div>
      <div className="canvas-foot">
        <span aria-hidden="true">{text}</span>
        <Button look="quiet" small onClick={() => void call('jobs.cancel', { jobId: job.id })}>
          {t('job.stop')}
        </Button>
      </div>
    </>
  );
}
