import { useTranslation } from 'react-i18next';

const isMac = (): boolean => /mac|iphone|ipad/i.test(navigator.userAgent);

const SIGNS: Readonly<Record<string, string>> = { Mod: '⌘', Alt: '⌥', Shift: '⇧', Enter: '↵' };

/** How keys named as in useKeys, such as `Mod+Shift+Enter`, are written on this person's keyboard. */
export function useKeyNames(): (name: string) => string {
  const { t } = useTranslation('studio');
  const written = (key: string) => (key.length > 1 ? t(`keyName.${key}`, { defaultValue: key }) : key);
  return (name) => {
    const keys = name.split(/\+(?=.)/);
    return isMac() ? keys.map((key) => SIGNS[key] ?? written(key)).join('') : keys.map(written).join('+');
  };
}
