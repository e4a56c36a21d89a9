import { Pause, Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../components/Button.tsx';
import type { Pair } from './CompareDialog.tsx';
import { Frame, Picture } from './Frame.tsx';

/** Slow enough to be no flashing. */
const EACH_MS = 800;

const prefersStill = (): boolean => window.matchMedia('(prefers-reduced-motion: reduce)').matches;

/** One after the other in the same place; by hand where less motion is wished for. */
export function Blink({ first, second }: Pair) {
  const { t } = useTranslation('compare');
  const [runs, setRuns] = useState(() => !prefersStill());
  const [isSecond, setSecond] = useState(false);
  useEffect(() => {
    if (!runs) return;
    const timer = setInterval(() => setSecond((before) => !before), EACH_MS);
    return () => clearInterval(timer);
  }, [runs]);
  return (
    <>
      <Frame version={first}>
        <Picture version={first} style={{ opacity: isSecond ? 0 : 1 }} />
        <Picture version={second} style={{ opacity: isSecond ? 1 : 0 }} />
      </Frame>
      <div className="compare-tools">
        <span className="compare-which">{t(isSecond ? 'second' : 'first')}</span>
        <Button small onClick={() => setRuns(!runs)}>
          {runs ? <Pause size={13} /> : <Play size={13} />} {t(runs ? 'pause' : 'play')}
        </Button>
        {!runs && (
          <Button small onClick={() => setSecond(!isSecond)}>
            {t('other')}
          </Button>
        )}
      </div>
    </>
  );
}
