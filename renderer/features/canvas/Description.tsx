import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { Progress } from '../../components/Progress.tsx';
import { call } from '../../engine/studio.ts';

/** What the model says the picture shows; it is kept, and the library finds the picture by it. */
export function Description({ version: { id, caption } }: { version: Version }) {
  const { t } = useTranslation();
  const [isAsking, setAsking] = useState(true);
  useEffect(() => {
    let isCurrent = true;
    setAsking(true);
    void call('versions.describe', { versionId: id }).then(() => isCurrent && setAsking(false));
    return () => {
      isCurrent = false;
    };
  }, [id]);
  return (
    <div className="check-panel">
      <p className="check-title">{t('check.title')}</p>
      {isAsking && <Progress label={t('check.describe')} text={t('stage.answering')} share={null} />}
      {!isAsking && <p>{caption || t('check.silent')}</p>}
    </div>
  );
}
