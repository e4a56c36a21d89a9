/** Words of the shell in the person's language: menus and notifications. Those of the page are the page's own. */
import { createInstance } from 'i18next';
import de from './locales/de.json' with { type: 'json' };
import en from './locales/en.json' with { type: 'json' };

const words = createInstance();

/** English until the person's language is known; all words are at hand, so that nothing has to be waited for. */
void words.init({
  resources: { en: { translation: en }, de: { translation: de } },
  lng: 'en',
  fallbackLng: 'en',
  initAsync: false,
  showSupportNotice: false,
  interpolation: { escapeValue: false },
});

type Groups = typeof en;
export type WordKey = { [G in keyof Groups]: `${G}.${keyof Groups[G] & string}` }[keyof Groups];

export const say = (key: WordKey, values: Record<string, string> = {}): string => words.t(key, values);

/** @returns false if it is spoken already. */
export function speak(language: string): boolean {
  if (words.language === language) return false;
  void words.changeLanguage(language);
  return true;
}
