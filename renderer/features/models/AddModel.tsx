import { FolderOpen } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Failure } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { StudioFailure } from '../../engine/client.ts';
import { request } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { Problem } from './Problem.tsx';

/** Brings in a folder with a checkpoint; its files stay where they are. */
export function AddModel() {
  const { t } = useTranslation('models');
  const [folder, setFolder] = useState('');
  const [state, setState] = useState<'idle' | 'checking' | Failure>('idle');
  const add = async (event: FormEvent) => {
    event.preventDefault();
    setState('checking');
    const failure = await addFolder(folder.trim());
    setState(failure ?? 'idle');
    if (!failure) setFolder('');
  };
  const choose = async () => {
    const chosen = await window.tusk?.chooseFolder();
    if (chosen) setFolder(chosen);
  };
  return (
    <form className="models-add" onSubmit={add}>
      <h2>{t('add')}</h2>
      <p className="models-hint" id="models-add-hint">
        {t('addHint')}
      </p>
      <div>
        <input
          aria-label={t('folder')}
          aria-describedby="models-add-hint"
          placeholder={t('folder')}
          maxLength={4096}
          spellCheck={false}
          value={folder}
          onChange={(event) => setFolder(event.target.value)}
        />
        {window.tusk && (
          <Button onClick={choose}>
            <FolderOpen size={14} /> {t('choose')}
          </Button>
        )}
        <Button type="submit" disabled={folder.trim() === '' || state === 'checking'}>
          {t(state === 'checking' ? 'checking' : 'addButton')}
        </Button>
      </div>
      {typeof state === 'object' && <Problem problem={state} />}
    </form>
  );
}

async function addFolder(folder: string): Promise<Failure | undefined> {
  try {
    const { models } = await request('models.add', { folder });
    useStudio.setState({ models });
    return undefined;
  } catch (error) {
    if (error instanceof StudioFailure) return error.failure;
    throw error;
  }
}
