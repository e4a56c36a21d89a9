import { Check, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudioAnswer, Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { Progress } from '../../components/Progress.tsx';
import { applyRecipe } from '../../engine/recipes.ts';
import { sendMessage } from '../../engine/send.ts';
import { call } from '../../engine/studio.ts';

type Answered = StudioAnswer<'versions.selfCheck'>['checks'];

/** The model asked about its own picture: an opinion, not a measurement. */
export function SelfCheck({ version }: { version: Version }) {
  const { t } = useTranslation();
  const [checks, setChecks] = useState<Answered | null | undefined>(null);
  useEffect(() => {
    let isCurrent = true;
    void call('versions.selfCheck', { versionId: version.id }).then(
      (answer) => isCurrent && setChecks(answer?.checks),
    );
    return () => {
      isCurrent = false;
    };
  }, [version.id]);
  const again = () => {
    applyRecipe(version, false);
    void sendMessage();
  };
  if (checks === undefined) return null;
  return (
    <div className="check-panel">
      <p className="check-title">{t('check.title')}</p>
      {checks === null && <Progress label={t('check.run')} text={t('stage.answering')} share={null} />}
      {checks?.length === 0 && <p>{t('check.none')}</p>}
      <ul>
        {checks?.map(({ question, answer, agrees }) => (
          <li key={question} data-agrees={agrees}>
            {agrees ? (
              <Check size={14} aria-label={t('check.yes')} />
            ) : (
              <X size={14} aria-label={t('check.no')} />
            )}
            {question} <strong>{answer}</strong>
          </li>
        ))}
      </ul>
      {checks?.some(({ agrees }) => !agrees) && (
        <Button small onClick={again}>
          {t('check.again')}
        </Button>
      )}
    </div>
  );
}
