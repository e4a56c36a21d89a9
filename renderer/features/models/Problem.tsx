import { CircleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Failure } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { copyText } from '../../engine/shell.ts';

/** What is wrong, what to do, and a report to copy. */
export function Problem({ problem }: { problem: Failure }) {
  const { t } = useTranslation('models');
  const report = [`code: ${problem.code}`, problem.message, problem.hint].filter(Boolean).join('\n');
  return (
    <div className="models-problem" role="alert">
      <CircleAlert size={16} aria-hidden="true" />
      <div>
        <p>{problem.message}</p>
        {problem.hint && <p className="models-hint">{problem.hint}</p>}
        <Button look="quiet" small onClick={() => void copyText(report)}>
          {t('copyReport')}
        </Button>
      </div>
    </div>
  );
}
