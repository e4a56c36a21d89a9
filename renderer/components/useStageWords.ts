import { useTranslation } from 'react-i18next';
import { seconds } from './format.ts';

export interface Stage {
  /** What the job does. */
  mode: string;
  stage: string;
  position: number;
  total: number;
  remainingMs: number | null;
}

/** One line: the stage, k of n, time left. */
export function useStageWords({ mode, stage, position, total, remainingMs }: Stage): {
  text: string;
  share: number | null;
} {
  const { t, i18n } = useTranslation('studio');
  const counted = total > 0;
  const name = stage === 'reading' && mode === 'create' ? 'readingWords' : stage;
  const line = t(counted ? `stage.${name}Counted` : `stage.${name}`, { position, total });
  const left = remainingMs === null ? '' : t('stage.left', { time: seconds(remainingMs, i18n.language) });
  return { text: [line, left].filter(Boolean).join(' · '), share: counted ? position / total : null };
}
