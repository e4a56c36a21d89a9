/** How much two pictures differ, pixel by pixel, as a heat map in one perceptually even scale (viridis). */

const SCALE = [
  [68, 1, 84],
  [71, 45, 123],
  [59, 82, 139],
  [44, 114, 142],
  [33, 145, 140],
  [40, 174, 128],
  [94, 201, 98],
  [173, 220, 48],
  [253, 231, 37],
] as const;

/** Share of the largest possible difference that counts as changed: what rounding leaves is less. */
const NOTICEABLE = 0.04;

export interface DifferenceMap {
  picture: ImageData;
  /** Share of the pixels that differ noticeably. */
  changedShare: number;
}

/** @param first,second RGBA of one size. */
export function differenceOf(first: ImageData, second: ImageData): DifferenceMap {
  const picture = new ImageData(first.width, first.height);
  let changed = 0;
  for (let at = 0; at < picture.data.length; at += 4) {
    const share = distance(first.data, second.data, at);
    if (share > NOTICEABLE) changed += 1;
    picture.data.set(colourOf(share), at);
    picture.data[at + 3] = 255;
  }
  return { picture, changedShare: changed / (first.width * first.height) };
}

/** Weighted as the eye does, 0 to 1. */
function distance(first: Uint8ClampedArray, second: Uint8ClampedArray, at: number): number {
  const red = first[at]! - second[at]!;
  const green = first[at + 1]! - second[at + 1]!;
  const blue = first[at + 2]! - second[at + 2]!;
  return Math.sqrt(0.3 * red * red + 0.59 * green * green + 0.11 * blue * blue) / 255;
}

/** Small differences matter most, so the scale follows the square root. */
function colourOf(share: number): [number, number, number] {
  const place = Math.sqrt(share) * (SCALE.length - 1);
  const low = Math.min(SCALE.length - 2, Math.floor(place));
  const part = place - low;
  const [from, to] = [SCALE[low]!, SCALE[low + 1]!];
  const mix = (channel: 0 | 1 | 2) => from[channel] + part * (to[channel] - from[channel]);
  return [mix(0), mix(1), mix(2)];
}
