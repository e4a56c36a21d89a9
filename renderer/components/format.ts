/** Numbers with their units, in the language of the window. */

/** Seconds and minutes by their signs, which no language translates. */
export function seconds(milliseconds: number, language: string): string {
  const value = milliseconds / 1000;
  const [shown, sign] = value >= 90 ? [value / 60, 'min'] : [value, 's'];
  const digits = sign === 's' && value < 10 ? 1 : 0;
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(shown)}\u00a0${sign}`;
}

export function bytes(count: number, language: string): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)));
  return number(count / 1000 ** step, language, { unit: units[step]!, maximumFractionDigits: 1 });
}

export const percent = (share: number, language: string): string =>
  new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }).format(share);

function number(value: number, language: string, options: Intl.NumberFormatOptions): string {
  const style = { style: 'unit', unitDisplay: 'short', maximumFractionDigits: 0 } as const;
  return new Intl.NumberFormat(language, { ...style, ...options }).format(value);
}
