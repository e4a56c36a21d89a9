import { Search } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useKeys } from '../../components/useKeys.ts';
import { ask, useShelf } from './shelf.ts';

/** Between the last letter and the search. */
const PAUSE_MS = 25;

/** Finds by prompts, tags, captions and what was said; `/` goes here. */
export function SearchField() {
  const { t } = useTranslation('library');
  const input = useRef<HTMLInputElement>(null);
  const asked = useShelf((state) => state.query.text);
  const [text, setText] = useState(asked);
  useEffect(() => input.current?.focus(), []);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    if (timer.current === undefined) setText(asked);
  }, [asked]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (typed: string) => {
    setText(typed);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      timer.current = undefined;
      ask({ text: typed });
    }, PAUSE_MS);
  };
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
        onChange={(event) => change(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && change('')}
      />
      <span className="library-slash" aria-hidden="true">
        /
      </span>
    </search>
  );
}
