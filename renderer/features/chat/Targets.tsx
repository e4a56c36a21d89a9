import { X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../../components/IconButton.tsx';
import { thumbnailUrl } from '../../components/pictures.ts';
import { useStudio } from '../../stores/studio.ts';
import { removeTarget, useWorkspace } from '../../stores/workspace.ts';

/** Exactly the pictures the message is about. */
export function Targets() {
  const { t } = useTranslation();
  const targetIds = useWorkspace((state) => state.targetIds);
  if (targetIds.length === 0) return <span className="no-target">{t('targets.none')}</span>;
  return (
    <ul className="targets" aria-label={t('targets.label')}>
      {targetIds.map((id) => (
        <Target key={id} versionId={id} />
      ))}
    </ul>
  );
}

function Target({ versionId }: { versionId: string }) {
  const { t } = useTranslation();
  const prompt = useStudio((state) => state.versions[versionId]?.prompt ?? '');
  return (
    <li className="target">
      <img src={thumbnailUrl(versionId, 96)} alt={t('targets.picture', { prompt })} title={prompt} />
      <IconButton small label={t('targets.remove', { prompt })} onClick={() => removeTarget(versionId)}>
        <X size={11} />
      </IconButton>
    </li>
  );
}
