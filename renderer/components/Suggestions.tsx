import { CornerDownLeft } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import './suggestions.css';

interface Props {
  prompts: readonly string[];
  /** Those the model understands, ISO 639; empty = not stated. */
  languages: readonly string[];
  onChoose: (prompt: string) => void;
  disabled?: boolean;
}

/** Prompts to begin with, one a line; a window in a language the model wasn't trained on says so beneath. */
export function Suggestions({ prompts, languages, onChoose, disabled = false }: Props) {
  const { t, i18n } = useTranslation();
  const isForeign = languages.length > 0 && !languages.includes(i18n.language.slice(0, 2));
  return (
    <>
      <ul className="suggestions" lang={isForeign ? languages[0] : undefined}>
        {prompts.map((prompt) => (
          <li key={prompt}>
            <button type="button" disabled={disabled} onClick={() => onChoose(prompt)}>
              {prompt}
              <CornerDownLeft size={14} aria-hidden="true" />
            </button>
          </li>
        ))}
      </ul>
      {isForeign && prompts.length > 0 && (
        <p className="suggestions-languages">
          {t('empty.languages', { languages: namesOf(languages, i18n.language) })}
        </p>
      )}
    </>
  );
}

/** @param language of the window */
function namesOf(languages: readonly string[], language: string): string {
  const names = new Intl.DisplayNames([language], { type: 'language' });
  return new Intl.ListFormat(language).format(languages.map((code) => names.of(code) ?? code));
}
