/**
 * Byte-pair merging of one piece of text. Bytes are held as a string of code units 0..255, so that a slice is
 * a map key. A heap keeps it at n log n: a pasted megabyte without a space is one single piece.
 */

/** Rank of each token's bytes; the rank is its id. */
export type Ranks = ReadonlyMap<string, number>;

const NO_MERGE = -1;
/** A heap key is rank * SCALE + start: lowest rank first, then leftmost. Exact while both stay below 2^26. */
const SCALE = 2 ** 26;

/** @param bytes one piece, at least one byte. @returns the ids, in order; merges the pair of lowest rank first. */
export function mergeBytes(bytes: string, ranks: Ranks, longestToken: number): number[] {
  const whole = ranks.get(bytes);
  if (whole !== undefined) return [whole];
  const ends = Int32Array.from({ length: bytes.length }, (_, start) => start + 1);
  const previous = Int32Array.from({ length: bytes.length }, (_, start) => start - 1);
  const pairRanks = new Int32Array(bytes.length).fill(NO_MERGE);
  const heap = new MinHeap();

  const rankPair = (start: number): void => {
    const middle = ends[start]!;
    const end = middle < bytes.length ? ends[middle]! : Number.POSITIVE_INFINITY;
    const rank = end - start <= longestToken ? (ranks.get(bytes.slice(start, end)) ?? NO_MERGE) : NO_MERGE;
    pairRanks[start] = rank;
    if (rank !== NO_MERGE) heap.push(rank * SCALE + start);
  };

  for (let start = 0; start < bytes.length - 1; start++) rankPair(start);
  for (let key = heap.pop(); key !== undefined; key = heap.pop()) {
    const start = key % SCALE;
    if (pairRanks[start] !== (key - start) / SCALE) continue;
    const middle = ends[start]!;
    const end = ends[middle]!;
    ends[start] = end;
    pairRanks[middle] = NO_MERGE;
    if (end < bytes.length) previous[end] = start;
    rankPair(start);
    if (start > 0) rankPair(previous[start]!);
  }
  return idsOf(bytes, ends, ranks);
}

function idsOf(bytes: string, ends: Int32Array, ranks: Ranks): number[] {
  const ids: number[] = [];
  for (let start = 0; start < bytes.length; start = ends[start]!) {
    ids.push(ranks.get(bytes.slice(start, ends[start]))!);
  }
  return ids;
}

class MinHeap {
  private readonly keys: number[] = [];

  push(key: number): void {
    const keys = this.keys;
    let hole = keys.length;
    keys.push(key);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (keys[parent]! <= key) break;
      keys[hole] = keys[parent]!;
      hole = parent;
    }
    keys[hole] = key;
  }

  pop(): number | undefined {
    const keys = this.keys;
    const top = keys[0];
    const last = keys.pop();
    if (last === undefined || keys.length === 0) return top;
    let hole = 0;
    for (let child = 1; child < keys.length; child = 2 * hole + 1) {
      if (child + 1 < keys.length && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= last) break;
      keys[hole] = keys[child]!;
      hole = child;
    }
    keys[hole] = last;
    return top;
  }
}
