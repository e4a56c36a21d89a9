import { useTranslation } from 'react-i18next';
import type { Failure } from '../../../engine/studio-protocol.ts';
import { FailureCard } from '../../components/FailureCard.tsx';
import { reportOf } from '../../components/useFailureWords.ts';
import { copyText } from '../../engine/shell.ts';

/** What is wrong with a model, what to do, and a report to copy. */
export function Problem({ problem }: { problem: Failure }) {
  const { t } = useTranslation('failures');
  return (
    <FailureCard
      failure={problem}
      report={reportOf(problem)}
      onCopy={(report) => void copyText(report, t('word.copied'))}
    />
  );
}
