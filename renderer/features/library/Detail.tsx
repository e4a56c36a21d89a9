import { Download, FolderOpen, GitCompare, Pencil, Star, Trash2, Undo2, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import type { Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { IconButton } from '../../components/IconButton.tsx';
import { thumbnailUrl } from '../../components/pictures.ts';
import { deleteVersions } from '../../engine/actions.ts';
import { compare } from '../../stores/workspace.ts';
import { editVersion, openVersion, restoreVersions, starVersions } from './acts.ts';
import { Export } from './Export.tsx';
import { RecipeSection } from './RecipeSection.tsx';
import { selectedVersions, selectNone, useShelf } from './shelf.ts';
import { Tags } from './Tags.tsx';
import './detail.css';

/** What is selected, and what can be done with it. */
export function Detail() {
  const { t } = useTranslation('library');
  const versions = useShelf(useShallow(selectedVersions));
  const only = versions.length === 1 ? versions[0] : undefined;
  const count = versions.length;
  return (
    <aside className="library-detail" aria-label={t('selection')}>
      <div className="library-detail-head">
        <h2>{only ? only.prompt : t('selected', { count })}</h2>
        <Keep versions={versions} />
        <IconButton small label={t('closeSelection')} keys="Esc" onClick={selectNone}>
          <X size={15} />
        </IconButton>
      </div>
      {only ? <Picture version={only} /> : <Stack versions={versions} />}
      <Actions versions={versions} />
      {only && <Tags key={only.id} version={only} />}
      {only && <RecipeSection version={only} />}
    </aside>
  );
}

function Picture({ version }: { version: Version }) {
  return (
    <img
      className="library-detail-picture"
      src={thumbnailUrl(version.id, 640)}
      alt={version.prompt}
      width={version.width}
      height={version.height}
    />
  );
}

const STACK = 9;

function Stack({ versions }: { versions: Version[] }) {
  return (
    <div className="library-stack">
      {versions.slice(0, STACK).map((version) => (
        <img key={version.id} src={thumbnailUrl(version.id, 160)} alt={version.prompt} />
      ))}
    </div>
  );
}

function Actions({ versions }: { versions: Version[] }) {
  const isInBin = useShelf((state) => state.query.deleted);
  return (
    <div className="library-actions">
      {isInBin ? <BinActions versions={versions} /> : <KeptActions versions={versions} />}
    </div>
  );
}

function BinActions({ versions }: { versions: Version[] }) {
  const { t } = useTranslation('library');
  return (
    <Button look="main" onClick={() => void restoreVersions(versions)}>
      <Undo2 size={14} /> {t('restore', { count: versions.length })}
    </Button>
  );
}

/** In the bin there is nothing to star or delete. */
function Keep({ versions }: { versions: Version[] }) {
  const { t } = useTranslation(['library', 'studio']);
  const isInBin = useShelf((state) => state.query.deleted);
  const allStarred = versions.every((version) => version.starred);
  const ids = versions.map(({ id }) => id);
  const remove = () => deleteVersions(ids, t('deleted', { count: ids.length }), t('undo', { ns: 'studio' }));
  if (isInBin) return null;
  return (
    <>
      <IconButton
        small
        label={t(allStarred ? 'unstar' : 'star')}
        keys="."
        aria-pressed={allStarred}
        onClick={() => void starVersions(versions)}
      >
        <Star size={15} fill={allStarred ? 'currentColor' : 'none'} />
      </IconButton>
      <IconButton small label={t('delete')} keys="Delete" onClick={remove}>
        <Trash2 size={15} />
      </IconButton>
    </>
  );
}

function KeptActions({ versions }: { versions: Version[] }) {
  const { t } = useTranslation('library');
  const [exporting, setExporting] = useState(false);
  const only = versions.length === 1 ? versions[0] : undefined;
  return (
    <>
      {only && (
        <>
          <Button look="main" onClick={() => void editVersion(only)}>
            <Pencil size={14} /> {t('edit')}
          </Button>
          <Button onClick={() => void openVersion(only)}>
            <FolderOpen size={14} /> {t('open')}
          </Button>
        </>
      )}
      {versions.length === 2 && <CompareButton ids={versions.map(({ id }) => id)} />}
      <Button onClick={() => setExporting(true)}>
        <Download size={14} /> {t('export')}
      </Button>
      {exporting && <Export versions={versions} onClose={() => setExporting(false)} />}
    </>
  );
}

function CompareButton({ ids }: { ids: string[] }) {
  const { t } = useTranslation('library');
  return (
    <Button look="main" onClick={() => compare(ids[1]!, ids[0]!)}>
      <GitCompare size={14} /> {t('compare')}
    </Button>
  );
}
