/** What people call a colour, by its perceived hue, chroma and lightness (OKLCH). */
import { formatHex, modeLrgb, modeOklab, modeOklch, modeRgb, parseHex, useMode as register } from 'culori/fn';

for (const mode of [modeRgb, modeLrgb, modeOklab]) register(mode);
const toOklch = register(modeOklch);

/** Below this chroma a colour has no hue worth a name. */
const GREY_CHROMA = 0.04;
const WHITE_LIGHTNESS = 0.9;
const BLACK_LIGHTNESS = 0.25;
/** Dark orange is called brown, light red pink. */
const BROWN_LIGHTNESS = 0.58;
const PINK_LIGHTNESS = 0.75;

/** Names up to a hue in degrees, in its order round the circle. */
const HUES: readonly (readonly [until: number, name: string])[] = [
  [10, 'pink'],
  [38, 'red'],
  [82, 'orange'],
  [116, 'yellow'],
  [168, 'green'],
  [218, 'teal'],
  [285, 'blue'],
  [330, 'purple'],
  [360, 'pink'],
];

export function hexOf(red: number, green: number, blue: number): string {
  return formatHex({ mode: 'rgb', r: red / 255, g: green / 255, b: blue / 255 });
}

export function colourName(hex: string): string {
  const { l, c, h = 0 } = toOklch(parseHex(hex))!;
  if (c < GREY_CHROMA) return l > WHITE_LIGHTNESS ? 'white' : l < BLACK_LIGHTNESS ? 'black' : 'grey';
  const name = HUES.find(([until]) => h < until)?.[1] ?? 'pink';
  if ((name === 'orange' || name === 'red') && l > PINK_LIGHTNESS && h < 50) return 'pink';
  return name === 'orange' && l < BROWN_LIGHTNESS ? 'brown' : name;
}

/** As the model in use can be told: its name, or the hex code if the model doesn't know that name. */
export function colourWords(hex: string, vocabulary: readonly string[]): string {
  const name = colourName(hex);
  return vocabulary.length === 0 || vocabulary.includes(name) ? name : hex;
}
