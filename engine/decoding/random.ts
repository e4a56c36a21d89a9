/**
 * Seeded random numbers: Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011).
 * A counter-based generator: key = seed, counter = (block, stream), so streams of one seed are independent and
 * any of them can be read without the others. Equal seeds give equal numbers everywhere.
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;
const TWO_32 = 2 ** 32;

type Counter = readonly [number, number, number, number];

/** High 32 bits of a 32 x 32 bit product. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65_536) + Math.floor(other / 65_536)) >>> 0;
}

/** Four 32-bit words from a 128-bit counter and a 64-bit key. */
export function philox4x32(counter: Counter, key: readonly [number, number]): Counter {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** What a stream of a seed is for. A number never changes its meaning, or seeds would change their pictures. */
export const STREAMS = { plan: 0, noise: 1, posterior: 2, answer: 3 } as const;

export class RandomStream {
  private readonly key: readonly [number, number];
  private block = 0;
  private spare: number | undefined;

  /**
   * @param seed 0 to 2^53 - 1
   * @param stream one of `STREAMS`
   */
  constructor(
    seed: number,
    private readonly stream: number,
  ) {
    this.key = [seed % TWO_32, Math.floor(seed / TWO_32)];
  }

  /** In 0..1, 1 excluded, 53 bits. */
  uniform = (): number => {
    if (this.spare !== undefined) {
      const spare = this.spare;
      this.spare = undefined;
      return spare;
    }
    const counter = [this.block % TWO_32, Math.floor(this.block / TWO_32), this.stream, 0] as const;
    const [a, b, c, d] = philox4x32(counter, this.key);
    this.block += 1;
    this.spare = toUniform(c, d);
    return toUniform(a, b);
  };

  /** Normal numbers of mean 0 and variance 1 (Box-Muller), as float32. */
  normals(count: number): Float32Array {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
      const angle = 2 * Math.PI * this.uniform();
      values[i] = radius * Math.cos(angle);
      if (i + 1 < count) values[i + 1] = radius * Math.sin(angle);
    }
    return values;
  }
}

const toUniform = (high: number, low: number): number => ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
