import { type PointerEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';

const LEAST = 360;
const MOST = 520;
const STEP = 16;
/** As App.css has it until a person says otherwise. */
const USUAL_SHARE = 0.26;
const USUAL_LEAST = 400;
const RAIL = 56;

const usualWidth = (): number =>
  Math.round(Math.min(MOST, Math.max(USUAL_LEAST, window.innerWidth * USUAL_SHARE)));

/** Between thread and canvas: drag, or arrow keys. */
export function ThreadDivider() {
  const { t } = useTranslation();
  const [width, setWidth] = useState(usualWidth);
  const resize = (wanted: number) => {
    const next = Math.min(MOST, Math.max(LEAST, Math.round(wanted)));
    document.documentElement.style.setProperty('--thread-width', `${next}px`);
    setWidth(next);
  };
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) resize(event.clientX - RAIL);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a movable separator has no element of its own
    <div
      className="thread-divider"
      role="separator"
      aria-orientation="vertical"
      aria-label={t('thread.width')}
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      aria-valuenow={width}
      tabIndex={0}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={({ key }) => {
        if (key === 'ArrowLeft') resize(width - STEP);
        if (key === 'ArrowRight') resize(width + STEP);
      }}
    />
  );
}
