import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { Dialog } from '../../components/Dialog.tsx';
import { Segments } from '../../components/Segments.tsx';
import { exportVersions } from '../../engine/actions.ts';
import { saveFile } from '../../engine/files.ts';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';

const FORMATS = [
  { value: 'png', label: 'PNG' },
  { value: 'jpeg', label: 'JPEG' },
  { value: 'webp', label: 'WebP' },
] as const;
const MOST = 500;

interface Props {
  versions: Version[];
  onClose: () => void;
}

/** Saves copies: one as a picture, several as a zip. */
export function Export({ versions, onClose }: Props) {
  const { t } = useTranslation('library');
  const [format, setFormat] = useState<(typeof FORMATS)[number]['value']>('png');
  const [recipe, setRecipe] = useState(useStudio.getState().settings?.recipeInFiles ?? true);
  const [isSaving, setSaving] = useState(false);
  const count = Math.min(versions.length, MOST);
  const save = async () => {
    setSaving(true);
    const ids = versions.slice(0, MOST).map(({ id }) => id);
    await exportVersions(ids, format, recipe);
    onClose();
  };
  return (
    <Dialog label={t('export')} onClose={onClose}>
      <div className="library-dialog">
        <h2>{t('exportTitle', { count })}</h2>
        <Segments label={t('format')} value={format} options={FORMATS} onChange={setFormat} />
        <label className="library-check">
          <input type="checkbox" checked={recipe} onChange={(event) => setRecipe(event.target.checked)} />
          {t('withRecipe')}
        </label>
        {versions.length > MOST && <p>{t('exportMost', { most: MOST })}</p>}
        {versions.length > 1 && <p>{t('exportZip')}</p>}
        <div className="library-dialog-buttons">
          {versions.length === 1 && <TimeLapse version={versions[0]!} />}
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button look="main" disabled={isSaving} onClick={save}>
            {t('save')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

/** How the picture came to be, as a moving picture. */
function TimeLapse({ version }: { version: Version }) {
  const { t } = useTranslation('library');
  const save = async () => {
    const file = await call('versions.timelapse', { versionId: version.id, format: 'gif' });
    if (file) saveFile(file.name, file.bytes);
  };
  if (version.kind !== 'create' && version.kind !== 'edit') return null;
  return (
    <Button look="quiet" className="library-timelapse" onClick={save}>
      {t('timelapse')}
    </Button>
  );
}
