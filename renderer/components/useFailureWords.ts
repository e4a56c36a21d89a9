import { useTranslation } from 'react-i18next';

/** What went wrong: a code, and the words of the part that failed, which are English. */
export interface Failure {
  code: string;
  message: string;
  hint: string | null;
}

export interface FailureWords {
  what: string;
  /** The failed part's own sentence; null in a window of another language, where it stands in the report alone. */
  why: string | null;
  next: string;
}

/** What a failure's code means and what to do next, in the window's language. */
export function useFailureWords(): (failure: Failure) => FailureWords {
  const { t, i18n } = useTranslation('failures');
  const isEnglish = i18n.language.startsWith('en');
  return ({ code, message, hint }) => ({
    what: t([`${code}.what`, 'internal.what']),
    why: isEnglish && message !== t(`${code}.what`) ? message : null,
    next: (isEnglish && hint) || t([`${code}.next`, 'internal.next']),
  });
}

/** What asks for less, in place of what was asked for. */
interface Smaller {
  size?: { width: number; height: number } | undefined;
  memory?: { holding?: string | undefined; precision?: string | undefined } | undefined;
}

/** What a smaller choice gives up, in the window's language. */
export function useSmallerWords(): (next: Smaller) => string {
  const { t } = useTranslation('failures');
  return ({ size, memory }) => {
    const ways = [
      size && t('smaller.size', size),
      memory?.precision === 'compiled' && t('smaller.compiled'),
      memory?.holding === 'staged' && t('smaller.staged'),
    ];
    return t('smaller.try', { ways: ways.filter(Boolean).join(', ') });
  };
}

/** For who mends it, so in English. */
export const reportOf = ({ code, message, hint }: Failure, ...more: string[]): string =>
  [`code: ${code}`, `message: ${message}`, hint && `hint: ${hint}`, ...more].filter(Boolean).join('\n');
