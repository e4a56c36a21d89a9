import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/Button.tsx';
import { Dialog } from '../../components/Dialog.tsx';
import { call } from '../../engine/studio.ts';
import { notify } from '../../stores/notices.ts';
import { read, selectNone, useShelf } from './shelf.ts';

/** The one act that can't be taken back, so it asks. */
export function EmptyBin() {
  const { t } = useTranslation('library');
  const total = useShelf((state) => state.total);
  const [asking, setAsking] = useState(false);
  const empty = async () => {
    setAsking(false);
    const answer = await call('library.emptyBin', {});
    if (!answer) return;
    notify({ kind: 'done', title: t('emptied', { count: answer.deleted }) });
    selectNone();
    await read();
  };
  return (
    <>
      <Button small look="quiet" disabled={total === 0} onClick={() => setAsking(true)}>
        {t('emptyBin')}
      </Button>
      {asking && (
        <Dialog label={t('emptyBin')} onClose={() => setAsking(false)}>
          <div className="library-dialog">
            <h2>{t('emptyBin')}</h2>
            <p>{t('emptyBinWarning')}</p>
            <div className="library-dialog-buttons">
              <Button onClick={() => setAsking(false)}>{t('keep')}</Button>
              <Button look="main" onClick={empty}>
                {t('deleteForGood')}
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  );
}
