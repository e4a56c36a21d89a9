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
type ExportFormat = (typeof FORMATS)[number]['value'];
const MOST = 500;

interface Props {
  versions: Version[];
  onClose: () => void;
}

/** Saves copies: one as a picture, several as a zip. */
export function Export({ versions, onClose }: Props) {
  const { t } = useTranslation('library');
  const [format, setFormat] = useState<ExportFormat>('png');
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
        {versions.length === 1 && <Story version={versions[0]!} format={format} />}
        <div className="library-dialog-buttons">
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button look="main" disabled={isSaving} onClick={save}>
            {t('save')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

/** How the picture came to be: beside the one it came from, or as a moving picture. */
function Story({ version, format }: { version: Version; format: ExportFormat }) {
  const { t } = useTranslation('library');
  const versionId = version.id;
  const isMade = version.kind === 'create' || version.kind === 'edit';
  if (!isMade && !version.parentId) return null;
  const saveBoth = async () => saveIfThere(await call('versions.beforeAfter', { versionId, format }));
  const saveFilm = async (film: 'gif' | 'webp') =>
    saveIfThere(await call('versions.timelapse', { versionId, format: film }));
  return (
    <div className="library-story">
      {version.parentId && (
        <Button look="quiet" small onClick={saveBoth}>
          {t('beforeAfter')}
        </Button>
      )}
      {isMade && (
        <>
          <Button look="quiet" small onClick={() => saveFilm('gif')}>
            {t('timelapse', { format: 'GIF' })}
          </Button>
          <Button look="quiet" small onClick={() => saveFilm('webp')}>
            {t('timelapse', { format: 'WebP' })}
          </Button>
        </>
      )}
    </div>
  );
}

function saveIfThere(file: { name: string; bytes: Uint8Array } | undefined): void {
  if (file) saveFile(file.name, file.bytes);
}
