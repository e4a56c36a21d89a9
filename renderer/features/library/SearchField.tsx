import { Search } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useKeys } from '../../components/useKeys.ts';
import { ask, useShelf } from './shelf.ts';

const PAUSE_MS = 40;

/** Finds by prompts, tags, captions and what was said; `/` goes here. */
export function SearchField() {
  const { t } = useTranslation('library');
  const input = useRef<HTMLInputElement>(null);
  const asked = useShelf((state) => state.query.text);
  const [text, setText] = useState(asked);
  useEffect(() => input.current?.focus(), []);
  useEffect(() => setText(asked), [asked]);
  useEffect(() => {
    if (text === asked) return;
    const timer = setTimeout(() => ask({ text }), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, asked]);
  useKeys({ '/': () => input.current?.focus() });
  return (
    <search className="library-search">
      <Search size={15} aria-hidden="true" />
      <input
        ref={input}
        type="search"
        maxLength={1000}
        aria-label={t('search')}
        placeholder={t('searchHint')}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && ask({ text: '' })}
      />
      <span className="library-slash" aria-hidden="true">
        /
      </span>
    </search>
  );
}
