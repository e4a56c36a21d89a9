import { Maximize, Minus, Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/Button.tsx';
import { percent } from '../../components/format.ts';
import { IconButton } from '../../components/IconButton.tsx';
import { useKeyNames } from '../../components/useKeyNames.ts';
import type { usePanZoom } from './usePanZoom.ts';

const STEP = 1.25;

export function Zoom({ view }: { view: ReturnType<typeof usePanZoom> }) {
  const { t, i18n } = useTranslation();
  const keyNames = useKeyNames();
  const shown = percent(
    Math.round(view.placement.scale * window.devicePixelRatio * 100) / 100,
    i18n.language,
  );
  return (
    <fieldset className="zoom" aria-label={t('canvas.zoom')}>
      <IconButton small label={t('canvas.zoomOut')} keys="Mod+-" onClick={() => view.zoom(1 / STEP)}>
        <Minus size={14} />
      </IconButton>
      <Button look="quiet" small title={`${t('canvas.actual')} (${keyNames('Mod+1')})`} onClick={view.actual}>
        {shown}
      </Button>
      <IconButton small label={t('canvas.zoomIn')} keys="Mod+=" onClick={() => view.zoom(STEP)}>
        <Plus size={14} />
      </IconButton>
      <IconButton small label={t('canvas.fit')} keys="Mod+0" aria-pressed={view.isFitted} onClick={view.fit}>
        <Maximize size={13} />
      </IconButton>
    </fieldset>
  );
}
