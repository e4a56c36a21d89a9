import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';

type Words = Version['unknownWords'];

/** One sentence for all that nothing known is near to; each of the others has its own. */
export function useUnknownWords(words: Words): { sentence: string | null; near: Words } {
  const { t, i18n } = useTranslation();
  const strange = words.filter(({ nearest }) => nearest.length === 0);
  const quoted = strange.map(({ word }) => t('unknown.quoted', { word }));
  const list = new Intl.ListFormat(i18n.language).format(quoted);
  return {
    sentence: strange.length > 0 ? t('unknown.words', { count: strange.length, words: list }) : null,
    near: words.filter(({ nearest }) => nearest.length > 0),
  };
}
