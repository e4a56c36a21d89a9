/** Target sizes of the official resizes. All round half to even, as Python does. */
import { badPicture, type Size } from './picture.ts';

const MAX_RATIO = 200;

/** Pixel counts. */
export interface PixelLimits {
  min: number;
  max: number;
}

/**
 * First resize of every picture. A side never rounds below one factor, but it may reach 0 when `max` limits.
 * @param limits default 4 to 16,384 squares of the factor.
 * @throws TuskError `bad-picture` if one side is over 200 times the other.
 */
export function fetchSize(size: Size, factor: number, limits: Partial<PixelLimits> = {}): Size {
  const { min = 4 * factor ** 2, max = 16_384 * factor ** 2 } = limits;
  return fit(size, factor, { min, max }, factor, 0);
}

/** Second resize, by the vision encoder's processor. A side may round to 0, but not when `max` limits. */
export function processorSize(size: Size, factor: number, limits: PixelLimits): Size {
  return fit(size, factor, limits, 0, factor);
}

/** The VAE processor's resize: down to multiples of 16, never up. */
export function vaeSize({ height, width }: Size): Size {
  const ratio = Math.min(Math.sqrt(1024 ** 2 / (height * width)), 2048 / Math.max(height, width), 1);
  return { height: floorTo(16, Math.trunc(height * ratio)), width: floorTo(16, Math.trunc(width * ratio)) };
}

function fit(
  size: Size,
  factor: number,
  limits: PixelLimits,
  leastRounded: number,
  leastLimited: number,
): Size {
  const { height, width } = size;
  if (Math.max(height, width) / Math.min(height, width) > MAX_RATIO) {
    throw badPicture(
      `The picture is ${width} x ${height} pixels, more than ${MAX_RATIO} times as long as it is wide.`,
      'Crop it nearer to a square.',
    );
  }
  const each = (map: (side: number) => number): Size => ({ height: map(height), width: map(width) });
  const rounded = each((side) => Math.max(leastRounded, roundHalfEven(side / factor) * factor));
  const pixels = rounded.height * rounded.width;
  if (pixels > limits.max) {
    const shrink = Math.sqrt((height * width) / limits.max);
    return each((side) => Math.max(leastLimited, floorTo(factor, side / shrink)));
  }
  if (pixels >= limits.min) return rounded;
  const grow = Math.sqrt(limits.min / (height * width));
  return each((side) => Math.ceil((side * grow) / factor) * factor);
}

function floorTo(factor: number, value: number): number {
  return Math.floor(value / factor) * factor;
}

export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
