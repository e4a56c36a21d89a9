import { LayoutGrid, RotateCw, StepForward } from 'lucide-react';
import type { DragEvent, KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Job, Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { thumbnailUrl } from '../../components/pictures.ts';
import { call } from '../../engine/studio.ts';
import { selectVersion, useWorkspace } from '../../stores/workspace.ts';
import { useUnknownWords } from './useUnknownWords.ts';

const MANY = 4;

/** The pictures of one answer, siblings in the tree; keys 1 to 9 choose while the strip has the focus. */
export function PictureStrip({ pictures, jobs }: { pictures: Version[]; jobs: Job[] }) {
  const { t } = useTranslation();
  const choose = ({ key }: KeyboardEvent) => {
    const version = /^[1-9]$/.test(key) ? pictures[Number(key) - 1] : undefined;
    if (version) selectVersion(version.id);
  };
  return (
    <fieldset className="picture-strip" aria-label={t('strip.label')} onKeyDown={choose}>
      <div className="pictures" data-count={Math.min(pictures.length, 4)}>
        {pictures.map((version, index) => (
          <Picture key={version.id} version={version} number={pictures.length > 1 ? index + 1 : null} />
        ))}
      </div>
      <Actions version={pictures.at(-1)!} jobs={jobs} />
    </fieldset>
  );
}

function Picture({ version, number }: { version: Version; number: number | null }) {
  const { t } = useTranslation();
  const isShown = useWorkspace((state) => state.versionId === version.id);
  return (
    <button
      type="button"
      className="picture-button"
      data-version={version.id}
      aria-pressed={isShown}
      aria-label={t(version.kind === 'draft' ? 'picture.showDraft' : 'picture.show', version)}
      onClick={() => selectVersion(version.id)}
    >
      <img
        src={thumbnailUrl(version.id, 640)}
        alt={version.prompt}
        width={version.width}
        height={version.height}
        loading="lazy"
        onDragStart={(event) => dragOut(event, version.id)}
      />
      {number && <kbd className="picture-number">{number}</kbd>}
      {version.kind === 'draft' && <span className="picture-badge">{t('picture.draft')}</span>}
    </button>
  );
}

/** The shell drags the file itself; a browser drags the picture it shows. */
function dragOut(event: DragEvent, versionId: string): void {
  if (!window.tusk) return;
  event.preventDefault();
  void window.tusk.dragOut(versionId);
}

function Actions({ version, jobs }: { version: Version; jobs: Job[] }) {
  const { t } = useTranslation();
  const done = jobs.findLast((job) => job.state === 'done' && job.mode !== 'upscale');
  const more = async (jobId: string, count: number) => {
    const jobs = await Promise.all(Array.from({ length: count }, () => call('jobs.retry', { jobId })));
    if (jobs[0]) useWorkspace.setState({ watchedJobId: jobs[0].id });
  };
  const finish = async () => {
    const job = await call('jobs.finish', { versionId: version.id });
    if (job) useWorkspace.setState({ watchedJobId: job.id });
  };
  return (
    <div className="strip-actions">
      {version.kind === 'draft' && (
        <Button small onClick={finish}>
          <StepForward size={13} /> {t('strip.finish')}
        </Button>
      )}
      {done && (
        <>
          <Button look="quiet" small onClick={() => more(done.id, 1)}>
            <RotateCw size={13} /> {t('strip.another')}
          </Button>
          <Button look="quiet" small onClick={() => more(done.id, MANY)}>
            <LayoutGrid size={13} /> {t('strip.many', { count: MANY })}
          </Button>
        </>
      )}
      <UnknownWords version={version} />
    </div>
  );
}

/** What the model doesn't know it says. */
function UnknownWords({ version }: { version: Version }) {
  const { t } = useTranslation();
  const { sentence, near } = useUnknownWords(version.unknownWords);
  return (
    <>
      {sentence && <p className="unknown-word">{sentence}</p>}
      {near.map(({ word, nearest }) => (
        <p key={word} className="unknown-word">
          {t('unknown.nearest', { word, nearest: nearest.join(', ') })}
        </p>
      ))}
    </>
  );
}
