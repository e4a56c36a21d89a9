/// <reference types="vite/client" />
/** Words of the interface: locales/<language>/<area>.json, English where a language lacks one. */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';

type Words = { [key: string]: string | Words };

const files = import.meta.glob<Words>('./locales/*/*.json', { eager: true, import: 'default' });

function resources(): Record<string, Record<string, Words>> {
  const all: Record<string, Record<string, Words>> = {};
  for (const [path, words] of Object.entries(files)) {
    const [, language, area] = /locales\/([^/]+)\/([^/]+)\.json$/.exec(path)!;
    all[language!] = { ...all[language!], [area!]: words };
  }
  return all;
}

/** Sets the direction of writing too. */
export function showLanguage(language: string): void {
  void i18next.changeLanguage(language);
}

export async function startWords(): Promise<void> {
  i18next.on('languageChanged', (language) => {
    document.documentElement.lang = language;
    document.documentElement.dir = i18next.dir(language);
  });
  await i18next.use(initReactI18next).init({
    resources: resources(),
    lng: 'en',
    fallbackLng: 'en',
    defaultNS: 'studio',
    showSupportNotice: false,
    interpolation: { escapeValue: false },
  });
}
