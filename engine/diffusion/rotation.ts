/**
 * Where tokens stand and the angles they are turned by. A position has three numbers: text and queries count
 * 0, 1, 2 … on all of them; a picture's tokens share the first (its shift) and take their row and column as the
 * others; each picture shifts the next by its longer side.
 */
import { TuskError } from '../errors.ts';
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';

const THETA = 10_000;

export type Position = readonly [shift: number, row: number, column: number];

export interface Axes {
  /** Features of a head each axis turns. */
  axes: readonly [number, number, number];
  /** Positions the checkpoint has for each axis. */
  axesLengths: readonly [number, number, number];
}

/** cos and sin [tokens, head / 2]. */
export interface RotationTable {
  cos: FloatTensor;
  sin: FloatTensor;
}

/** A picture in tokens. */
export interface TokenGrid {
  rows: number;
  columns: number;
}

/** Text and queries first, then the pictures one after another. */
export function positionsOf(textTokens: number, pictures: readonly TokenGrid[]): Position[] {
  const positions: Position[] = Array.from({ length: textTokens }, (_, i) => [i, i, i]);
  let shift = textTokens;
  for (const { rows, columns } of pictures) {
    for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) positions.push([shift, y, x]);
    shift += Math.max(rows, columns);
  }
  return positions;
}

/** Angles in float64, tables in float32. @throws TuskError `bad-setting` beyond the last position. */
export function rotationTable(positions: readonly Position[], { axes, axesLengths }: Axes): RotationTable {
  assertInside(positions, axesLengths);
  const half = (axes[0] + axes[1] + axes[2]) / 2;
  const frequencies = axes.flatMap((size, axis) =>
    Array.from({ length: size / 2 }, (_, j) => ({ axis, value: 1 / THETA ** ((2 * j) / size) })),
  );
  const cos = new Float32Array(positions.length * half);
  const sin = new Float32Array(positions.length * half);
  for (const [token, position] of positions.entries()) {
    for (const [j, { axis, value }] of frequencies.entries()) {
      const angle = position[axis]! * value;
      cos[token * half + j] = Math.cos(angle);
      sin[token * half + j] = Math.sin(angle);
    }
  }
  const shape = [positions.length, half];
  return { cos: floatTensor(cos, shape), sin: floatTensor(sin, shape) };
}

function assertInside(positions: readonly Position[], lengths: readonly [number, number, number]): void {
  const outside = positions.find((position) => position.some((at, axis) => at >= lengths[axis]!));
  if (!outside) return;
  throw new TuskError(
    'bad-setting',
    `The prompt and the pictures need position ${outside}, this model has ${lengths}.`,
    { hint: 'Use a shorter prompt, a smaller size or fewer reference pictures.' },
  );
}
