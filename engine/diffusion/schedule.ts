/** The flow's time: 0 is noise, 1 is the picture. */
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';

/** Latent pixels a side at which the schedule is not shifted. */
const UNSHIFTED_SIDE = 40;

/**
 * Times of the steps, float32, starting at 0; the end point 1 is not listed. Larger pictures spend more steps
 * near the noise.
 * @param steps at least 1
 * @param rows latent rows (pixels, not patches), as `columns`
 */
export function timesteps(steps: number, rows: number, columns: number): Float32Array {
  const shift = Math.sqrt(rows * columns) / UNSHIFTED_SIDE;
  return Float32Array.from({ length: steps }, (_, i) => {
    const time = Math.fround(i / steps);
    return time / (shift - shift * time + time);
  });
}

/** What each step adds to its time, in float32; the last one reaches 1. */
export function stepLengths(times: Float32Array): Float32Array {
  return times.map((time, i) => (times[i + 1] ?? 1) - time);
}

const FREQUENCIES = 128;
const LONGEST_PERIOD = 10_000;

/**
 * Features [steps, 256] of times, cosines first: what the time embedding starts from. Rounded to float32 where
 * the reference rounds, since angles reach `scale`.
 */
export function timeFeatures(times: Float32Array, scale: number): FloatTensor {
  const width = 2 * FREQUENCIES;
  const features = new Float32Array(times.length * width);
  const frequencies = Float32Array.from({ length: FREQUENCIES }, (_, j) =>
    Math.exp(Math.fround(Math.fround(-Math.log(LONGEST_PERIOD) * j) / FREQUENCIES)),
  );
  for (const [i, time] of times.entries()) {
    for (const [j, frequency] of frequencies.entries()) {
      const angle = Math.fround(scale * Math.fround(time * frequency));
      features[i * width + j] = Math.cos(angle);
      features[i * width + FREQUENCIES + j] = Math.sin(angle);
    }
  }
  return floatTensor(features, [times.length, width]);
}
