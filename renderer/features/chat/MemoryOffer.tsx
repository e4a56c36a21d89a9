import { MemoryStick } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/Button.tsx';
import { bytes } from '../../components/format.ts';
import { sendMessage } from '../../engine/send.ts';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { type MemoryOffer as Offer, useWorkspace } from '../../stores/workspace.ts';

/** Before a run that may not fit: how much is missing, and the next smaller choice. */
export function MemoryOffer() {
  const offer = useWorkspace((state) => state.memoryOffer);
  return offer && <OpenOffer offer={offer} />;
}

function OpenOffer({ offer }: { offer: Offer }) {
  const { t, i18n } = useTranslation();
  const { smallerSize, modelId, first } = offer;
  const model = useStudio((state) => state.models.find(({ id }) => id === modelId)?.name);
  const smaller = async () => {
    useWorkspace.setState(({ pictureSettings }) => ({
      pictureSettings: { ...pictureSettings, ...smallerSize },
    }));
    await sendMessage({ first });
  };
  const other = async () => {
    if (modelId && (await call('models.use', { modelId }))) await sendMessage({ first });
  };
  return (
    <div className="memory-offer" role="alert">
      <MemoryStick size={16} aria-hidden="true" />
      <div>
        <p>
          {t('memory.short', {
            needs: bytes(offer.needsBytes, i18n.language),
            free: bytes(offer.freeBytes, i18n.language),
          })}
        </p>
        <div className="memory-choices">
          {smallerSize && (
            <Button small look="main" onClick={smaller}>
              {t('memory.smaller', smallerSize)}
            </Button>
          )}
          {model && (
            <Button small onClick={other}>
              {t('memory.model', { model })}
            </Button>
          )}
          <Button small onClick={() => void sendMessage({ first, anyway: true })}>
            {t('memory.anyway')}
          </Button>
          <Button small look="quiet" onClick={() => useWorkspace.setState({ memoryOffer: null })}>
            {t('memory.leave')}
          </Button>
        </div>
      </div>
    </div>
  );
}
