import { useEffect, useRef } from 'react';

/** Such as `Mod+Shift+Enter`, `Alt+M`, `1`, `?`. Mod is Ctrl or Cmd. */
export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Keys of the whole window. Without Mod or Alt they are for the text field that has the focus, or the open dialog. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const run = latest.current[nameOf(event)];
      if (!run || event.defaultPrevented || isForAnother(event)) return;
      event.preventDefault();
      run(event);
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
}

/** The combination's name; Shift is left out for signs that need it. */
export function nameOf(
  event: Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>,
): string {
  const key = event.altKey && event.code.startsWith('Key') ? event.code.slice(3) : upper(event.key);
  const isSign = key.length === 1 && key.toLowerCase() === key.toUpperCase() && !/\d/.test(key);
  const parts = [
    (event.ctrlKey || event.metaKey) && 'Mod',
    event.altKey && 'Alt',
    event.shiftKey && !isSign && 'Shift',
    key,
  ];
  return parts.filter(Boolean).join('+');
}

const upper = (key: string): string => (key.length === 1 ? key.toUpperCase() : key);

function isForAnother(event: KeyboardEvent): boolean {
  if (document.querySelector('dialog[open]')) return true;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const target = event.target as HTMLElement | null;
  return target?.matches('input:not([type=radio], [type=checkbox], [type=range]), textarea, select') ?? false;
}
