import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { PictureSettings } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { useWorkspace } from '../../stores/workspace.ts';
import { setPicture } from './ComposerOptions.tsx';

type NumberName = Exclude<keyof PictureSettings, 'preset' | 'negative'>;

const NUMBERS: readonly { name: NumberName; min: number; max: number; step: number }[] = [
  { name: 'steps', min: 1, max: 1000, step: 1 },
  { name: 'width', min: 16, max: 8192, step: 16 },
  { name: 'height', min: 16, max: 8192, step: 16 },
  { name: 'textGuidance', min: 0, max: 100, step: 0.5 },
  { name: 'imageGuidance', min: 0, max: 100, step: 0.5 },
  { name: 'planGuidance', min: 0, max: 100, step: 0.5 },
];

/** Empty fields mean: as the model does it by itself. */
export function MoreOptions() {
  const { t } = useTranslation();
  const settings = useWorkspace((state) => state.pictureSettings);
  return (
    <fieldset className="more-options">
      <legend className="hidden-label">{t('options.more')}</legend>
      {NUMBERS.map(({ name, ...limits }) => (
        <NumberField
          key={name}
          label={t(`options.${name}`)}
          value={settings[name]}
          onChange={(value) => setPicture({ [name]: value })}
          {...limits}
        />
      ))}
      <label className="more-wide">
        {t('options.negative')}
        <input
          value={settings.negative ?? ''}
          onChange={(event) => setPicture({ negative: event.target.value || undefined })}
        />
      </label>
      <Button look="quiet" small onClick={() => useWorkspace.setState({ pictureSettings: {} })}>
        {t('options.reset')}
      </Button>
    </fieldset>
  );
}

interface NumberProps {
  label: string;
  value: number | undefined;
  min: number;
  max: number;
  step: number;
  onChange: (value: number | undefined) => void;
}

function NumberField({ label, value, min, max, step, onChange }: NumberProps) {
  const { t } = useTranslation();
  const id = useId();
  const change = (text: string) =>
    onChange(text === '' ? undefined : Math.min(max, Math.max(min, Number(text))));
  return (
    <label htmlFor={id}>
      {label}
      <input
        id={id}
        type="number"
        placeholder={t('options.auto')}
        {...{ min, max, step }}
        defaultValue={value}
        key={value === undefined ? 'auto' : 'set'}
        onBlur={(event) => change(event.target.value)}
      />
    </label>
  );
}
