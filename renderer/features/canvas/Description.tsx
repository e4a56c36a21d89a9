import { RotateCw } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { Progress } from '../../components/Progress.tsx';
import { call } from '../../engine/studio.ts';

/** What the model says the picture shows. It is kept, so it is asked for once, or when a person asks anew. */
export function Description({ version: { id, caption } }: { version: Version }) {
  const { t } = useTranslation();
  const [isAsking, setAsking] = useState(caption === '');
  useEffect(() => {
    if (!isAsking) return;
    let isCurrent = true;
    void call('versions.describe', { versionId: id }).then(() => isCurrent && setAsking(false));
    return () => {
      isCurrent = false;
    };
  }, [id, isAsking]);
  return (
    <div className="check-panel">
      <p className="check-title">{t('check.title')}</p>
      {isAsking ? (
        <Progress label={t('check.describe')} text={t('stage.answering')} share={null} />
      ) : (
        <>
          <p>{caption || t('check.silent')}</p>
          <Button small look="quiet" onClick={() => setAsking(true)}>
            <RotateCw size={13} /> {t('check.askAgain')}
          </Button>
        </>
      )}
    </div>
  );
}
