import { type KeyboardEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Pair } from './CompareDialog.tsx';
import { Frame, Picture } from './Frame.tsx';

/** The first one; the second as long as pointer or key holds. */
export function Peek({ first, second }: Pair) {
  const { t } = useTranslation('compare');
  const [isHeld, setHeld] = useState(false);
  const key = (held: boolean) => (event: KeyboardEvent) => {
    if (event.key !== ' ' && event.key !== 'Enter') return;
    event.preventDefault();
    setHeld(held);
  };
  return (
    <>
      <Frame version={first}>
        <button
          type="button"
          className="compare-hold"
          aria-pressed={isHeld}
          aria-label={t('hold')}
          onPointerDown={() => setHeld(true)}
          onPointerUp={() => setHeld(false)}
          onPointerLeave={() => setHeld(false)}
          onKeyDown={key(true)}
          onKeyUp={key(false)}
          onBlur={() => setHeld(false)}
        >
          <Picture version={first} />
          <Picture version={second} style={{ opacity: isHeld ? 1 : 0 }} />
        </button>
      </Frame>
      <p className="compare-tools" aria-live="polite">
        {t(isHeld ? 'second' : 'first')} · {t('hold')}
      </p>
    </>
  );
}
