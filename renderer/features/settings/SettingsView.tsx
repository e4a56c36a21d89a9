import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings } from '../../../engine/studio-protocol.ts';
import { Button } from '../../components/Button.tsx';
import { Segments } from '../../components/Segments.tsx';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import { Devices } from './Devices.tsx';
import { Ledger } from './Ledger.tsx';
import './settings.css';

const set = (change: Partial<Settings>): void => void call('settings.set', change);

export function SettingsView() {
  const { t } = useTranslation('settings');
  const settings = useStudio((state) => state.settings);
  if (!settings) return <h1 className="hidden-label">{t('title')}</h1>;
  return (
    <div className="settings">
      <h1>{t('title')}</h1>
      <Appearance settings={settings} />
      <Pictures settings={settings} />
      <Program settings={settings} />
      <Section title={t('devices')} text={t('devicesText')}>
        <Devices />
      </Section>
      <Section title={t('network')} text={t('networkText')}>
        <Ledger />
      </Section>
    </div>
  );
}

function Appearance({ settings: { theme, language, sendKey } }: { settings: Settings }) {
  const { t } = useTranslation(['settings', 'studio']);
  return (
    <Section title={t('appearance')}>
      <Choice
        label={t('theme')}
        value={theme}
        options={options(['system', 'light', 'dark'], (value) => t(`themes.${value}`))}
        onChange={(value) => set({ theme: value })}
      />
      <Language language={language} />
      <Choice
        label={t('sendKey')}
        value={sendKey}
        options={options(['mod-enter', 'enter'], (value) => t(`sendKeys.${value}`))}
        onChange={(value) => set({ sendKey: value })}
      />
    </Section>
  );
}

function Pictures({ settings }: { settings: Settings }) {
  const { t } = useTranslation(['settings', 'studio']);
  return (
    <Section title={t('pictures')}>
      <Choice
        label={t('preset')}
        text={t('presetText')}
        value={settings.preset}
        options={options(['fast', 'balanced', 'best'], (value) => t(`options.${value}`, { ns: 'studio' }))}
        onChange={(preset) => set({ preset })}
      />
      <Choice
        label={t('variations')}
        value={settings.variations}
        options={options([1, 2, 4], String)}
        onChange={(variations) => set({ variations })}
      />
      <Switch name="recipeInFiles" on={settings.recipeInFiles} />
      <Switch name="driftGuard" on={settings.driftGuard} />
      <Switch name="captions" on={settings.captions} />
    </Section>
  );
}

function Program({ settings }: { settings: Settings }) {
  const { t } = useTranslation('settings');
  return (
    <Section title={t('program')}>
      {window.tusk && (
        <>
          <Switch name="notifications" on={settings.notifications} />
          <Switch name="checkForUpdates" on={settings.checkForUpdates} />
        </>
      )}
      <Row label={t('tour')} text={t('tourText')}>
        <Button onClick={() => useWorkspace.setState({ dialog: 'tour' })}>{t('tourShow')}</Button>
      </Row>
      <Row label={t('shortcuts')}>
        <Button onClick={() => useWorkspace.setState({ dialog: 'shortcuts' })}>{t('shortcutsShow')}</Button>
      </Row>
    </Section>
  );
}

const options = <const T extends string | number>(values: readonly T[], word: (value: T) => string) =>
  values.map((value) => ({ value, label: word(value) }));

function Section({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  return (
    <section className="settings-section">
      <h2>{title}</h2>
      {text && <p className="settings-text">{text}</p>}
      {children}
    </section>
  );
}

function Row({ label, text, children }: { label: string; text?: string | undefined; children: ReactNode }) {
  return (
    <div className="settings-row">
      <div>
        <p>{label}</p>
        {text && <p className="settings-text">{text}</p>}
      </div>
      {children}
    </div>
  );
}

interface ChoiceProps<T extends string | number> {
  label: string;
  text?: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}

function Choice<T extends string | number>({ label, text, ...rest }: ChoiceProps<T>) {
  return (
    <Row label={label} text={text}>
      <Segments label={label} {...rest} />
    </Row>
  );
}

type SwitchName = 'recipeInFiles' | 'driftGuard' | 'captions' | 'notifications' | 'checkForUpdates';

function Switch({ name, on }: { name: SwitchName; on: boolean }) {
  const { t } = useTranslation('settings');
  return (
    <label className="settings-row">
      <span>
        <span>{t(name)}</span>
        <span className="settings-text" id={`settings-${name}`}>
          {t(`${name}Text`)}
        </span>
      </span>
      <input
        type="checkbox"
        role="switch"
        className="settings-switch"
        aria-label={t(name)}
        aria-describedby={`settings-${name}`}
        aria-checked={on}
        checked={on}
        onChange={(event) => set({ [name]: event.target.checked })}
      />
    </label>
  );
}

/** Each language by its own name. */
function Language({ language }: { language: string }) {
  const { t, i18n } = useTranslation('settings');
  const languages = Object.keys(i18n.options.resources ?? {});
  return (
    <Row label={t('language')}>
      <select
        className="button settings-select"
        aria-label={t('language')}
        value={language}
        onChange={(event) => set({ language: event.target.value })}
      >
        {languages.map((code) => (
          <option key={code} value={code} lang={code}>
            {new Intl.DisplayNames(code, { type: 'language' }).of(code)}
          </option>
        ))}
      </select>
    </Row>
  );
}
