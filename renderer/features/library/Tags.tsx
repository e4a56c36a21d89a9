import { X } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { IconButton } from '../../components/IconButton.tsx';
import { call } from '../../engine/studio.ts';

export function Tags({ version }: { version: Version }) {
  const { t } = useTranslation('library');
  const [word, setWord] = useState('');
  const save = (tags: string[]) => void call('versions.tag', { versionId: version.id, tags });
  const add = (event: FormEvent) => {
    event.preventDefault();
    const tag = word.trim();
    if (tag && !version.tags.includes(tag)) save([...version.tags, tag]);
    setWord('');
  };
  return (
    <section className="library-tags" aria-label={t('tags')}>
      <h3>{t('tags')}</h3>
      <ul>
        {version.tags.map((tag) => (
          <li key={tag}>
            {tag}
            <IconButton
              small
              label={t('removeTag', { tag })}
              onClick={() => save(version.tags.filter((other) => other !== tag))}
            >
              <X size={12} />
            </IconButton>
          </li>
        ))}
        <li>
          <form onSubmit={add}>
            <input
              aria-label={t('addTag')}
              placeholder={t('addTag')}
              maxLength={64}
              value={word}
              onChange={(event) => setWord(event.target.value)}
            />
          </form>
        </li>
      </ul>
    </section>
  );
}
