/** How keys are written on this person's keyboard. */

const isMac = (): boolean => /mac|iphone|ipad/i.test(navigator.userAgent);

const SIGNS: Readonly<Record<string, string>> = { Mod: '⌘', Alt: '⌥', Shift: '⇧', Enter: '↵' };

/** @param name as in useKeys, such as `Mod+Shift+Enter`. */
export function keysOf(name: string): string {
  if (!isMac()) return name.replace('Mod', 'Ctrl');
  return name
    .split('+')
    .map((key) => SIGNS[key] ?? key)
    .join('');
}
