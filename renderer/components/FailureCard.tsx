import { CircleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './Button.tsx';
import { type Failure, useFailureWords } from './useFailureWords.ts';
import './failure-card.css';

interface Props {
  failure: Failure;
  /** Which of several things it is about. */
  about?: string | undefined;
  /** In place of the step that belongs to the failure's code. */
  next?: string | undefined;
  report: string;
  onCopy: (report: string) => void;
  /** Buttons that mend it. */
  children?: ReactNode;
  corner?: ReactNode;
}

/** What happened, why, what to do; the report lies folded beneath. */
export function FailureCard({ failure, about, next, report, onCopy, children, corner }: Props) {
  const { t } = useTranslation('failures');
  const words = useFailureWords()(failure);
  return (
    <div className="failure" role="alert">
      <CircleAlert size={16} aria-hidden="true" />
      <div>
        <p className="failure-what">{words.what}</p>
        {about && <p>{about}</p>}
        {words.why && <p>{words.why}</p>}
        <p className="failure-next">{next ?? words.next}</p>
        {children && <div className="failure-actions">{children}</div>}
        <details>
          <summary>{t('word.details')}</summary>
          <pre lang="en">{report}</pre>
          <Button small onClick={() => onCopy(report)}>
            {t('word.copy')}
          </Button>
        </details>
      </div>
      {corner}
    </div>
  );
}
