import { Check, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudioAnswer, Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { Progress } from '../../components/Progress.tsx';
import { applyRecipe } from '../../engine/recipes.ts';
import { sendMessage } from '../../engine/send.ts';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { watchJob } from '../../stores/workspace.ts';

type Answered = StudioAnswer<'versions.selfCheck'>['checks'];

/** A sibling with a new seed; what is being written stays as it is. */
async function tryAgain(version: Version): Promise<void> {
  const made = Object.values(useStudio.getState().jobs).find(({ versionId }) => versionId === version.id);
  if (made) {
    const job = await call('jobs.retry', { jobId: made.id });
    if (job) watchJob(job.id);
    return;
  }
  applyRecipe(version, false);
  await sendMessage();
}

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
        <Button small onClick={() => void tryAgain(version)}>
          {t('check.again')}
        </Button>
      )}
    </div>
  );
}
