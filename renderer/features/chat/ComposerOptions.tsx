import { Dices, SlidersHorizontal } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PictureSettings } from '../../../engine/studio-protocol.ts';
import { IconButton } from '../../components/IconButton.tsx';
import { Segments } from '../../components/Segments.tsx';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import { MoreOptions } from './MoreOptions.tsx';

const VARIATIONS = ([1, 2, 4] as const).map((value) => ({ value, label: String(value) }));
const PRESETS = ['fast', 'balanced', 'best'] as const;

export const setPicture = (change: Partial<PictureSettings>): void =>
  useWorkspace.setState(({ pictureSettings }) => ({ pictureSettings: { ...pictureSettings, ...change } }));

/** Only what people change often; the rest is behind one button. */
export function ComposerOptions() {
  const { t } = useTranslation();
  const [more, setMore] = useState(false);
  const usualCount = useStudio((state) => state.settings?.variations ?? 1);
  const variations = useWorkspace((state) => state.variations ?? usualCount);
  const chosen = useWorkspace((state) => state.pictureSettings.preset);
  const usual = useStudio((state) => state.settings?.preset ?? 'balanced');
  return (
    <div className="options">
      {more && <MoreOptions />}
      <Segments
        label={t('options.variations')}
        value={variations}
        options={VARIATIONS}
        onChange={(value) => useWorkspace.setState({ variations: value })}
      />
      <select
        className="preset"
        aria-label={t('options.preset')}
        value={chosen ?? usual}
        onChange={(event) => setPicture({ preset: event.target.value as (typeof PRESETS)[number] })}
      >
        {PRESETS.map((preset) => (
          <option key={preset} value={preset}>
            {t(`options.${preset}`)}
          </option>
        ))}
      </select>
      <Seed />
      <IconButton label={t('options.more')} aria-expanded={more} onClick={() => setMore(!more)}>
        <SlidersHorizontal size={15} />
      </IconButton>
    </div>
  );
}

function Seed() {
  const { t } = useTranslation();
  const seed = useWorkspace((state) => state.seed);
  const toggle = () =>
    useWorkspace.setState({ seed: seed === null ? Math.floor(Math.random() * 2 ** 32) : null });
  return (
    <span className="seed">
      <IconButton
        label={t(seed === null ? 'options.seedKeep' : 'options.seedNew')}
        aria-pressed={seed === null}
        onClick={toggle}
      >
        <Dices size={15} />
      </IconButton>
      {seed !== null && (
        <input
          aria-label={t('options.seed')}
          inputMode="numeric"
          value={seed}
          onChange={(event) =>
            useWorkspace.setState({ seed: Number(event.target.value.replace(/\D/g, '').slice(0, 15)) })
          }
        />
      )}
    </span>
  );
}
