/** FORMAT.md's rule: max |a - b| / max |b| over the finite values of a tensor; infinities must coincide. */
import type { Provider } from '../placing.ts';
import type { Tensor } from '../runtime/tensor.ts';

export interface Difference {
  maxAbs: number;
  /** maxAbs / max |expected|; Infinity when shapes, types or infinities differ. */
  maxRel: number;
}

const WORST: Difference = { maxAbs: Number.POSITIVE_INFINITY, maxRel: Number.POSITIVE_INFINITY };

export function compareTensors(actual: Tensor | undefined, expected: Tensor): Difference {
  if (!actual || actual.shape.length !== expected.shape.length) return WORST;
  if (actual.shape.some((d, i) => d !== expected.shape[i])) return WORST;
  let maxAbs = 0;
  let scale = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const a = Number(actual.data[i]);
    const b = Number(expected.data[i]);
    if (!Number.isFinite(b) || !Number.isFinite(a)) {
      if (!Object.is(a, b)) return WORST;
      continue;
    }
    maxAbs = Math.max(maxAbs, Math.abs(a - b));
    scale = Math.max(scale, Math.abs(b));
  }
  return { maxAbs, maxRel: maxAbs === 0 ? 0 : scale === 0 ? Number.POSITIVE_INFINITY : maxAbs / scale };
}

/** The tolerance table of `tolerances.json`. */
export type Tolerances = Record<string, Record<string, { tolerance: number | string }>>;

/**
 * How much wider a device's tolerances are than the stated ones, which are ten times the reference's own rounding noise
 * in float32 on the CPU. Devices compute in float32, too: a software Vulkan device stays within the stated ones in all
 * fixtures. The room is for graphics processors, whose exponentials and divisions may be off by some units in the last
 * place. Whatever must be equal, such as chosen ids, must be so on each.
 */
const WIDER: Readonly<Record<Provider, number>> = { cpu: 1, webgpu: 4, cuda: 4, dml: 4, coreml: 4 };

export function widened(tolerances: Tolerances, provider: Provider): Tolerances {
  const wider = (tolerance: number | string) =>
    typeof tolerance === 'number' ? tolerance * WIDER[provider] : tolerance;
  return Object.fromEntries(
    Object.entries(tolerances).map(([stage, table]) => {
      const rows = Object.entries(table).map(([name, row]) => [name, { tolerance: wider(row.tolerance) }]);
      return [stage, Object.fromEntries(rows)];
    }),
  );
}

/** A tensor's tolerance: its name without a trailing number is the key; absent = must be equal. */
export function toleranceOf(tolerances: Tolerances, stage: string, tensorName: string): number | string {
  const table = tolerances[stage] ?? {};
  const key = tensorName.replace(/\.?\d+$/, '');
  return (table[tensorName] ?? table[key] ?? table[key.split('.')[0]!])?.tolerance ?? 0;
}

/** `"1 grey level"` bounds the absolute difference of a picture, a number the relative one. */
export function isWithin(difference: Difference, tolerance: number | string): boolean {
  if (typeof tolerance === 'string') return difference.maxAbs <= Number.parseFloat(tolerance);
  return difference.maxRel <= tolerance;
}
