import { ArrowLeftRight, X } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Version } from '../../../engine/studio-protocol.ts';
import { Dialog } from '../../components/Dialog.tsx';
import { IconButton } from '../../components/IconButton.tsx';
import { Segments } from '../../components/Segments.tsx';
import { useWorkspace } from '../../stores/workspace.ts';
import { Blink } from './Blink.tsx';
import { Difference } from './Difference.tsx';
import { Peek } from './Peek.tsx';
import { SettingsDifference } from './SettingsDifference.tsx';
import { SideBySide } from './SideBySide.tsx';
import { Slider } from './Slider.tsx';
import './compare.css';

export interface Pair {
  first: Version;
  second: Version;
}

const KINDS = ['slider', 'side', 'peek', 'blink', 'difference'] as const;
type Kind = (typeof KINDS)[number];

const STAGES: Record<Kind, (pair: Pair) => ReactNode> = {
  slider: Slider,
  side: SideBySide,
  peek: Peek,
  blink: Blink,
  difference: Difference,
};

export function CompareDialog({ first, second }: Pair) {
  const { t } = useTranslation('compare');
  const [kind, setKind] = useState<Kind>('slider');
  const Stage = STAGES[kind];
  useKindKeys(() => setKind(KINDS[(KINDS.indexOf(kind) + 1) % KINDS.length]!));
  return (
    <Dialog wide label={t('title')} onClose={close}>
      <div className="compare">
        <header className="compare-head">
          <h2>{t('title')}</h2>
          <Segments
            label={t('kind')}
            value={kind}
            options={KINDS.map((value) => ({ value, label: t(`kinds.${value}`) }))}
            onChange={setKind}
          />
          <IconButton label={t('swap')} keys="C" onClick={swap}>
            <ArrowLeftRight size={16} />
          </IconButton>
          <IconButton label={t('close')} keys="Esc" onClick={close}>
            <X size={16} />
          </IconButton>
        </header>
        <div className="compare-stage">
          <Stage first={first} second={second} />
        </div>
        <SettingsDifference first={first} second={second} />
      </div>
    </Dialog>
  );
}

const close = (): void => useWorkspace.setState({ dialog: null });

const swap = (): void =>
  useWorkspace.setState(({ compareIds }) => ({ compareIds: compareIds && [compareIds[1], compareIds[0]] }));

/** M: the next kind, C: the other way round. */
function useKindKeys(next: () => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key.toLowerCase() === 'm') next();
      if (event.key.toLowerCase() === 'c') swap();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [next]);
}
