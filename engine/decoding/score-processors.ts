/**
 * What happens to scores between the language model and the choice of a token, each step alone, equal to the
 * reference in float32. All work in place on scores of consecutive ids; a removed id has the score -Infinity.
 */

const { fround } = Math;

/** Classifier-free guidance: u + scale (c - u), into `conditional`. */
export function guide(conditional: Float32Array, unconditional: Float32Array, scale: number): void {
  for (let i = 0; i < conditional.length; i++) {
    const u = unconditional[i]!;
    conditional[i] = u + fround(fround(conditional[i]! - u) * scale);
  }
}

/** Each id seen before (once, however often it was seen): positive scores are divided, negative multiplied. */
export function penaliseRepetition(
  scores: Float32Array,
  firstId: number,
  seen: Iterable<number>,
  penalty: number,
): void {
  for (const id of new Set(seen)) {
    const index = id - firstId;
    const score = scores[index];
    if (score !== undefined) scores[index] = score < 0 ? score * penalty : score / penalty;
  }
}

export function applyTemperature(scores: Float32Array, temperature: number): void {
  for (let i = 0; i < scores.length; i++) scores[i] = scores[i]! / temperature;
}

/** Removes ids below `firstAllowed`. There is no upper bound: the reference's lies beyond the vocabulary. */
export function limitScope(scores: Float32Array, firstId: number, firstAllowed: number): void {
  scores.fill(Number.NEGATIVE_INFINITY, 0, Math.max(0, firstAllowed - firstId));
}

/** Keeps the `count` highest scores, and all that equal the lowest of them. */
export function keepTopK(scores: Float32Array, count: number): void {
  if (count >= scores.length) return;
  removeBelow(scores, kthLargest(scores, count));
}

/**
 * Where the scores from `start` on stand that `keepTopK` may keep, whatever temperature comes before it: the `count`
 * highest, and what lies so close below the lowest of them that dividing may make it equal. Ascending.
 * @param guess at the lowest of them: a good one spares most of the work, a wrong one costs a little more
 */
export function highestIndices(
  scores: Float32Array,
  start: number,
  count: number,
  guess = likelyLowest(scores, start, count),
): number[] {
  const few: number[] = [];
  const least = slightlyBelow(guess);
  for (let i = start; i < scores.length; i++) if (scores[i]! >= least) few.push(i);
  const lowest = kthLargest(valuesAt(scores, few), count);
  if (lowest < guess) return highestIndices(scores, start, count, Number.NEGATIVE_INFINITY);
  return few.filter((i) => scores[i]! >= slightlyBelow(lowest));
}

/** Every so many scores one is looked at for a guess. */
const STRIDE = 16;

/** Among a few of the scores the one that about twice `count` of all exceed. */
function likelyLowest(scores: Float32Array, start: number, count: number): number {
  const sample = new Float32Array(Math.max(0, Math.ceil((scores.length - start) / STRIDE)));
  for (let i = 0; i < sample.length; i++) sample[i] = scores[start + i * STRIDE]!;
  return kthLargest(sample, Math.ceil((2 * count) / STRIDE) + 2);
}

/** Scores from here up to `score` may be equal to it once both are divided by a temperature. */
const slightlyBelow = (score: number): number => score - Math.max(Math.abs(score) * 2 ** -20, 1e-30);

export function valuesAt(scores: Float32Array, indices: readonly number[]): Float32Array {
  const values = new Float32Array(indices.length);
  for (let i = 0; i < values.length; i++) values[i] = scores[indices[i]!]!;
  return values;
}

function removeBelow(scores: Float32Array, threshold: number): void {
  for (let i = 0; i < scores.length; i++) {
    if (scores[i]! < threshold) scores[i] = Number.NEGATIVE_INFINITY;
  }
}

/** Over a heap of the `k` largest so far, smallest on top: most scores cost one comparison. -Infinity for fewer than `k`. */
function kthLargest(scores: Float32Array, k: number): number {
  if (scores.length < k) return Number.NEGATIVE_INFINITY;
  const heap = scores.slice(0, k).sort();
  let smallest = heap[0]!;
  for (let i = k; i < scores.length; i++) {
    if (scores[i]! <= smallest) continue;
    replaceSmallest(heap, scores[i]!);
    smallest = heap[0]!;
  }
  return smallest;
}

function replaceSmallest(heap: Float32Array, value: number): void {
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child += 1;
    if (heap[child]! >= value) break;
    heap[hole] = heap[child]!;
    hole = child;
  }
  heap[hole] = value;
}

/**
 * Nucleus: removes the least likely ids as long as together they have at most 1 - `share` of the probability,
 * and keeps at least `minimumKept`. Of equal scores the lower id goes first.
 */
export function keepTopP(scores: Float32Array, share: number, minimumKept: number): void {
  const ascending = remaining(scores).sort();
  const removable = Math.max(0, ascending.length - minimumKept);
  const removed = Math.min(removable, countInTail(ascending, 1 - share));
  if (removed === 0) return;
  const threshold = ascending[removed]!;
  removeBelow(scores, threshold);
  let surplus = removed - ascending.indexOf(threshold);
  for (let i = 0; surplus > 0; i++) {
    if (scores[i] !== threshold) continue;
    scores[i] = Number.NEGATIVE_INFINITY;
    surplus -= 1;
  }
}

/** The scores of ids that aren't removed. */
function remaining(scores: Float32Array): Float32Array {
  const kept = new Float32Array(scores.length);
  let count = 0;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] !== Number.NEGATIVE_INFINITY) kept[count++] = scores[i]!;
  }
  return kept.subarray(0, count);
}

/** How many of the lowest scores together have at most `mass` of the probability. */
function countInTail(ascending: Float32Array, mass: number): number {
  const probabilities = softmax(ascending);
  const limit = fround(mass);
  let sum = 0;
  let count = 0;
  for (const probability of probabilities) {
    sum += probability;
    if (fround(sum) > limit) break;
    count += 1;
  }
  return count;
}

/** Probabilities as float32. Needs one finite score at least. Plain loops: this runs over the vocabulary, each token. */
export function softmax(scores: Float32Array): Float32Array {
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) if (scores[i]! > highest) highest = scores[i]!;
  const powers = new Float32Array(scores.length);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] === Number.NEGATIVE_INFINITY) continue;
    powers[i] = Math.exp(scores[i]! - highest);
    sum += powers[i]!;
  }
  for (let i = 0; i < powers.length; i++) if (powers[i] !== 0) powers[i] = powers[i]! / sum;
  return powers;
}
