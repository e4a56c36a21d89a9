/** Settings that reach beyond the page: they live in the studio, which tells each change. */
import { nativeTheme } from 'electron';
import type { ShellEvent } from '../engine/shell-protocol.ts';
import type { Background } from './background.ts';
import type { Updater } from './updater.ts';

type Settings = Extract<ShellEvent, { event: 'settings' }>['settings'];

export function applySettings(
  { theme, notifications, checkForUpdates }: Settings,
  { background, updater }: { background: Background; updater: Updater },
): void {
  nativeTheme.themeSource = theme;
  background.isNotifying = notifications;
  updater.turn(checkForUpdates);
}
