import { useTranslation } from 'react-i18next';
import type { Turn } from '../../../engine/studio-protocol.ts';
import { thumbnailUrl } from '../../components/pictures.ts';
import { useStudio } from '../../stores/studio.ts';
import { selectVersion } from '../../stores/workspace.ts';

/** What a person said, with the pictures it is about. */
export function Question({ turn }: { turn: Turn }) {
  const { t } = useTranslation();
  return (
    <div className="question">
      <span className="hidden-label">{t('thread.you')}</span>
      {turn.versionIds.map((id) => (
        <About key={id} versionId={id} />
      ))}
      <p dir="auto">{turn.text}</p>
    </div>
  );
}

function About({ versionId }: { versionId: string }) {
  const { t } = useTranslation();
  const prompt = useStudio((state) => state.versions[versionId]?.prompt ?? '');
  return (
    <button
      type="button"
      className="question-picture"
      aria-label={t('picture.show', { prompt })}
      onClick={() => selectVersion(versionId)}
    >
      <img src={thumbnailUrl(versionId, 96)} alt={prompt} loading="lazy" />
    </button>
  );
}
