import { MessageCircleQuestion, Sparkle, WandSparkles } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Mode } from '../../../engine/studio-protocol.ts';
import { useKeys } from '../../components/useKeys.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import type { Detected } from './useDetectedMode.ts';

const ICONS = { ask: MessageCircleQuestion, create: Sparkle, edit: WandSparkles };
const ORDER: readonly Mode[] = ['ask', 'create', 'edit'];

/** What the message will do. Detected, until a person says otherwise; the fourth press goes back to detecting. */
export function ModeChip({ detected }: { detected: Detected }) {
  const { t } = useTranslation();
  const override = useWorkspace((state) => state.modeOverride);
  const hasTarget = useWorkspace((state) => state.targetIds.length > 0);
  const mode = override ?? detected.mode;
  const cycle = () => useWorkspace.setState({ modeOverride: nextMode(override, detected.mode, hasTarget) });
  useKeys({ 'Alt+M': cycle });
  const Icon = ICONS[mode];
  const name = t(`mode.${mode}`);
  const how = override ? t('mode.chosen') : t('mode.detected');
  return (
    <button
      type="button"
      className="mode-chip"
      data-mode={mode}
      aria-label={t('mode.label', { mode: name, how })}
      title={`${override ? t('mode.chosen') : detected.why} (Alt+M)`}
      onClick={cycle}
    >
      <Icon size={13} aria-hidden="true" />
      {name}
      {override === null && <span className="mode-auto">{t('mode.auto')}</span>}
    </button>
  );
}

/** The others in turn, then detection again; without a picture there is nothing to edit. */
export function nextMode(override: Mode | null, detected: Mode, hasTarget: boolean): Mode | null {
  const modes = ORDER.filter((mode) => hasTarget || mode !== 'edit');
  const start = modes.indexOf(detected);
  const turn = [...modes.slice(start + 1), ...modes.slice(0, start)];
  return override === null ? turn[0]! : (turn[turn.indexOf(override) + 1] ?? null);
}
