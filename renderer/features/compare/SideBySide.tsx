import { Maximize, ZoomIn, ZoomOut } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { percent } from '../../components/format.ts';
import { IconButton } from '../../components/IconButton.tsx';
import type { Pair } from './CompareDialog.tsx';
import { Frame, Picture } from './Frame.tsx';
import { useLinkedZoom } from './useLinkedZoom.ts';

/** Both at once; zoom and place are the same in both. */
export function SideBySide({ first, second }: Pair) {
  const { t, i18n } = useTranslation('compare');
  const { view, place, handlers, zoom, reset } = useLinkedZoom();
  return (
    <>
      <div className="compare-sides" {...handlers}>
        {[first, second].map((version, index) => (
          <figure key={version.id}>
            <div className="compare-side">
              <Frame version={version}>
                <Picture version={version} style={{ transform: place }} />
              </Frame>
            </div>
            <figcaption>{t(index === 0 ? 'first' : 'second')}</figcaption>
          </figure>
        ))}
      </div>
      <div className="compare-tools">
        <IconButton label={t('zoomOut')} onClick={() => zoom(0.8)}>
          <ZoomOut size={16} />
        </IconButton>
        <output>{percent(view.scale, i18n.language)}</output>
        <IconButton label={t('zoomIn')} onClick={() => zoom(1.25)}>
          <ZoomIn size={16} />
        </IconButton>
        <IconButton label={t('fit')} onClick={reset}>
          <Maximize size={16} />
        </IconButton>
      </div>
    </>
  );
}
