/**
 * Where tokens stand on the three axes of interleaved MRoPE, and the rotations that follow. Text counts up on all
 * axes at once; a picture's tokens take (frame, row, column) of its merged grid, and what follows goes on after the
 * largest of them.
 */
import { TuskError } from '../errors.ts';

/** [frames, rows, columns] in patches; a picture has one frame. */
export type Grid = readonly [frames: number, rows: number, columns: number];

/** Positions of a stretch of tokens. */
export interface Positions {
  time: Int32Array;
  row: Int32Array;
  column: Int32Array;
  /** One past the largest position of tokens 0..i. */
  next: Int32Array;
}

export interface PictureTokens {
  imageTokenId: number;
  visionStartTokenId: number;
  /** Side of the square of patches behind one token. */
  mergeSize: number;
}

/**
 * Positions of a row's attended ids.
 * @param grids of the pictures among them; undefined: everything is plain text
 * @param start position of the first id
 * @param hidden whether the row has hidden ids too: in plain text the reference gives those position 1 and goes on
 *   after the largest, so at 2 or later
 */
export function rowPositions(
  attended: readonly number[],
  grids: readonly Grid[] | undefined,
  rules: PictureTokens,
  start: number,
  hidden: boolean,
): Positions {
  if (grids) return picturePositions(attended, grids, rules, start);
  const positions = textPositions(attended.length, start);
  const { next } = positions;
  if (hidden && next.length > 0) next[next.length - 1] = Math.max(2, next.at(-1)!);
  return positions;
}

/** Plain text: `count` tokens from `start` on. */
export function textPositions(count: number, start: number): Positions {
  const time = Int32Array.from({ length: count }, (_, i) => start + i);
  return { time, row: time, column: time, next: time.map((position) => position + 1) };
}

/**
 * Attended ids with pictures. A picture is an image placeholder after a vision start (or at the front, where the
 * vision start came in an earlier call); pictures take the grids in order.
 * @throws TuskError `bad-prompt` if the prompt has more pictures than grids
 */
function picturePositions(
  ids: readonly number[],
  grids: readonly Grid[],
  { imageTokenId, visionStartTokenId, mergeSize }: PictureTokens,
  start: number,
): Positions {
  const [time, row, column, next] = Array.from({ length: 4 }, () => new Int32Array(ids.length));
  const positions = { time: time!, row: row!, column: column!, next: next! };
  const opens = (i: number) => i === 0 || ids[i - 1] === visionStartTokenId;
  const pictures = ids.filter((id, i) => id === imageTokenId && opens(i)).length;
  let done = 0;
  let from = start;
  for (let picture = 0; picture < pictures; picture++) {
    const at = ids.indexOf(imageTokenId, done);
    if (at < 0) break;
    from = placeText(positions, done, at, from);
    const [frames, rows, columns] = gridOf(grids, picture);
    const size = [frames, Math.floor(rows / mergeSize), Math.floor(columns / mergeSize)] as const;
    from = placePicture(positions, at, size, from);
    done = Math.min(at + size[0] * size[1] * size[2], ids.length);
  }
  placeText(positions, done, ids.length, from);
  return positions;
}

function gridOf(grids: readonly Grid[], picture: number): Grid {
  const grid = grids[picture];
  if (grid) return grid;
  throw new TuskError(
    'bad-prompt',
    `The prompt has a place for picture ${picture + 1}, ${grids.length} came.`,
    {
      hint: 'Give each picture place its picture.',
    },
  );
}

/** @returns the position after the last one placed */
function placeText(positions: Positions, begin: number, end: number, from: number): number {
  for (let i = begin; i < end; i++) {
    const position = from + i - begin;
    positions.time[i] = position;
    positions.row[i] = position;
    positions.column[i] = position;
    positions.next[i] = position + 1;
  }
  return from + end - begin;
}

function placePicture(
  positions: Positions,
  begin: number,
  [frames, rows, columns]: readonly [number, number, number],
  from: number,
): number {
  let largest = from - 1;
  const count = Math.min(frames * rows * columns, positions.time.length - begin);
  for (let i = 0; i < count; i++) {
    const time = from + Math.floor(i / (rows * columns));
    const row = from + (Math.floor(i / columns) % rows);
    const column = from + (i % columns);
    largest = Math.max(largest, time, row, column);
    positions.time[begin + i] = time;
    positions.row[begin + i] = row;
    positions.column[begin + i] = column;
    positions.next[begin + i] = largest + 1;
  }
  return largest + 1;
}

/** Rotations of a decoder's head: which axis each frequency follows, and the frequencies. */
export class Rotation {
  private readonly frequencies: Float32Array;
  private readonly axes: readonly ('time' | 'row' | 'column')[];
  /** Frequencies in all: half of a head. */
  readonly half: number;

  /** @param section frequencies of each axis; row and column take turns with time from the front. */
  constructor(headDim: number, theta: number, section: readonly number[]) {
    this.frequencies = inverseFrequencies(headDim, theta);
    this.half = this.frequencies.length;
    this.axes = Array.from(this.frequencies, (_, j) => {
      if (j % 3 === 1 && j < 3 * section[1]!) return 'row';
      return j % 3 === 2 && j < 3 * section[2]! ? 'column' : 'time';
    });
  }

  /** Writes the tokens `begin..end` of `positions` into `cos` and `sin` [rows, headDim / 2] from row `at` on. */
  write(
    positions: Positions,
    begin: number,
    end: number,
    cos: Float32Array,
    sin: Float32Array,
    at: number,
  ): void {
    const { half } = this;
    for (let i = begin; i < end; i++) {
      const offset = (at + i - begin) * half;
      for (let j = 0; j < half; j++) {
        const angle = Math.fround(this.frequencies[j]! * positions[this.axes[j]!][i]!);
        cos[offset + j] = Math.cos(angle);
        sin[offset + j] = Math.sin(angle);
      }
    }
  }
}

/** theta^(-2j / dim) in float32, as torch computes it. @returns [dim / 2] */
export function inverseFrequencies(dim: number, theta: number): Float32Array {
  return Float32Array.from(
    { length: dim / 2 },
    (_, j) => 1 / Math.fround(theta ** Math.fround((2 * j) / dim)),
  );
}
