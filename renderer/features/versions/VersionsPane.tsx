import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import { Recipe } from './Recipe.tsx';
import { Tree } from './Tree.tsx';
import { layoutTree } from './tree.ts';
import './versions.css';

/** How the pictures of this chat came from each other, and the recipe of the one on the canvas. */
export function VersionsPane() {
  const { t } = useTranslation();
  const chatId = useWorkspace((state) => state.chatId);
  const shownId = useWorkspace((state) => state.versionId ?? '');
  const versions = useStudio((state) => state.versions);
  const nodes = useMemo(
    () =>
      layoutTree(
        Object.values(versions).filter((version) => version.chatId === chatId && version.deletedAt === null),
      ),
    [versions, chatId],
  );
  const shown = versions[shownId];
  if (nodes.length === 0 && !shown) return null;
  return (
    <section className="versions-pane" aria-label={t('versions.label')}>
      {nodes.length > 0 && <Tree nodes={nodes} shownId={shownId} />}
      {nodes.length > 1 && <p className="tree-hint">{t('versions.compareHint')}</p>}
      {shown && <Recipe version={shown} />}
    </section>
  );
}
