import { X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../../components/Dialog.tsx';
import { IconButton } from '../../components/IconButton.tsx';
import { useKeyNames } from '../../components/useKeyNames.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import './palette.css';

/** Area -> what it does -> keys, any of which does it. */
const SHORTCUTS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  anywhere: {
    palette: ['Mod+K'],
    shortcuts: ['?'],
    newChat: ['Alt+N', 'Mod+N'],
    search: ['/'],
    undo: ['Mod+Z'],
    stop: ['Shift+X'],
    close: ['Esc'],
  },
  message: {
    send: ['Mod+Enter'],
    sendFirst: ['Mod+Shift+Enter'],
    mode: ['Alt+M'],
    history: ['↑', '↓', 'Alt+↑', 'Alt+↓'],
  },
  compare: { kind: ['M'], swap: ['C'] },
  canvas: {
    fit: ['Mod+0'],
    actual: ['Mod+1'],
    zoom: ['Mod++', 'Mod+-'],
    bigger: ['U', 'Shift+U'],
    pan: ['Space'],
    compare: ['C'],
    pick: ['I'],
    recallAll: ['A'],
    remix: ['R'],
    recallPrompt: ['P'],
    recallSeed: ['S'],
    choose: ['1', '9'],
  },
  library: {
    move: ['←', '↑', '→', '↓'],
    range: ['Shift+→'],
    toggle: ['Space'],
    all: ['Mod+A'],
    open: ['Enter'],
    star: ['.'],
    delete: ['Delete'],
  },
};

export function Shortcuts() {
  const { t } = useTranslation('palette');
  const close = () => useWorkspace.setState({ dialog: null });
  return (
    <Dialog label={t('keys.title')} onClose={close}>
      <div className="shortcuts">
        <header>
          <h2>{t('keys.title')}</h2>
          <IconButton label={t('keys.closeSheet')} keys="Esc" onClick={close}>
            <X size={16} />
          </IconButton>
        </header>
        <div className="shortcuts-areas">
          {Object.keys(SHORTCUTS).map((area) => (
            <Area key={area} area={area} />
          ))}
        </div>
      </div>
    </Dialog>
  );
}

function Area({ area }: { area: string }) {
  const { t } = useTranslation('palette');
  const keyNames = useKeyNames();
  return (
    <section aria-labelledby={`shortcuts-${area}`}>
      <h3 id={`shortcuts-${area}`}>{t(`keys.area.${area}`)}</h3>
      <dl>
        {Object.entries(SHORTCUTS[area]!).map(([what, keys]) => (
          <div key={what}>
            <dt>{t(`keys.${area}.${what}`)}</dt>
            <dd>
              {keys.map((name) => (
                <kbd key={name}>{keyNames(name)}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
