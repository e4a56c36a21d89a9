import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Pair } from './CompareDialog.tsx';
import { Frame, Picture } from './Frame.tsx';

/** The first left of the line, the second right of it. */
export function Slider({ first, second }: Pair) {
  const { t } = useTranslation('compare');
  const [share, setShare] = useState(50);
  return (
    <Frame version={first}>
      <div className="compare-slider" dir="ltr">
        <Picture version={second} />
        <Picture version={first} style={{ clipPath: `inset(0 ${100 - share}% 0 0)` }} />
        <span className="compare-line" style={{ left: `${share}%` }} aria-hidden="true" />
        <input
          type="range"
          min={0}
          max={100}
          step={0.5}
          value={share}
          aria-label={t('line')}
          aria-valuetext={t('lineAt', { share: Math.round(share) })}
          onChange={(event) => setShare(event.target.valueAsNumber)}
        />
      </div>
    </Frame>
  );
}
