import { X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Mode } from '../../../engine/studio-protocol.ts';
import { IconButton } from '../../components/IconButton.tsx';
import { thumbnailUrl } from '../../components/pictures.ts';
import { useStudio } from '../../stores/studio.ts';
import { removeTarget, useWorkspace } from '../../stores/workspace.ts';

/** Exactly the pictures the message is about; faint while it makes a new one and takes none of them. */
export function Targets({ mode }: { mode: Mode }) {
  const { t } = useTranslation();
  const targetIds = useWorkspace((state) => state.targetIds);
  if (targetIds.length === 0) return <span className="no-target">{t('targets.none')}</span>;
  return (
    <ul className="targets" aria-label={t('targets.label')} data-unused={mode === 'create'}>
      {targetIds.map((id) => (
        <Target key={id} versionId={id} isUsed={mode !== 'create'} />
      ))}
    </ul>
  );
}

function Target({ versionId, isUsed }: { versionId: string; isUsed: boolean }) {
  const { t } = useTranslation();
  const prompt = useStudio((state) => state.versions[versionId]?.prompt ?? '');
  const words = t(isUsed ? 'targets.picture' : 'targets.unused', { prompt });
  return (
    <li className="target">
      <img src={thumbnailUrl(versionId, 96)} alt={words} title={words} />
      <IconButton small label={t('targets.remove', { prompt })} onClick={() => removeTarget(versionId)}>
        <X size={11} />
      </IconButton>
    </li>
  );
}
