import { useTranslation } from 'react-i18next';
import { IconButton } from '../../components/IconButton.tsx';
import { useKeys } from '../../components/useKeys.ts';
import { enlarge } from '../../engine/enlarge.ts';

/** Twice or four times as large, as a new version. */
export function Enlarge({ versionId }: { versionId: string }) {
  const { t } = useTranslation();
  const twice = () => void enlarge(versionId, 2);
  const fourTimes = () => void enlarge(versionId, 4);
  useKeys({ U: twice, 'Shift+U': fourTimes });
  return (
    <>
      <IconButton label={t('canvas.bigger2')} keys="U" className="canvas-factor" onClick={twice}>
        ×2
      </IconButton>
      <IconButton label={t('canvas.bigger4')} keys="Shift+U" className="canvas-factor" onClick={fourTimes}>
        ×4
      </IconButton>
    </>
  );
}
