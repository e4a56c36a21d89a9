/** Settings that reach beyond the page: they live in the studio, which tells each change. */
import { nativeTheme } from 'electron';
import type { ShellEvent } from '../engine/shell-protocol.ts';
import type { Background } from './background.ts';
import type { Updater } from './updater.ts';
import { speak } from './words.ts';

type Settings = Extract<ShellEvent, { event: 'settings' }>['settings'];

export interface Reached {
  background: Background;
  updater: Updater;
  /** Everything that was said stands in another language. */
  onLanguage(): void;
}

export function applySettings(
  { theme, language, notifications, checkForUpdates }: Settings,
  { background, updater, onLanguage }: Reached,
): void {
  nativeTheme.themeSource = theme;
  if (speak(language)) onLanguage();
  background.isNotifying = notifications;
  updater.turn(checkForUpdates);
}
