/** Words of a prompt that a model with a closed vocabulary was never taught, with the nearest ones it knows. */
import type { Version } from '../studio-protocol.ts';

const NEAREST = 3;
/** Longer prompts are looked at in part: nobody reads more notes than this. */
const MOST_WORDS = 20;
const LONGEST_WORD = 40;
/** Shorter ones bind a sentence and are near to everything. */
const SHORTEST_OFFERED = 3;
const WORD = /[\p{L}\p{M}]+/gu;

/** @param vocabulary words the model states; empty = it states none, and nothing is unknown. */
export function unknownWords(prompt: string, vocabulary: readonly string[]): Version['unknownWords'] {
  if (vocabulary.length === 0) return [];
  const known = new Set(vocabulary.flatMap((entry) => entry.toLowerCase().match(WORD) ?? []));
  const offered = [...known].filter((word) => word.length >= SHORTEST_OFFERED);
  const words = new Set(prompt.toLowerCase().match(WORD));
  return [...words]
    .filter((word) => !known.has(word) && word.length <= LONGEST_WORD)
    .slice(0, MOST_WORDS)
    .map((word) => ({ word, nearest: nearestOf(word, offered) }));
}

function nearestOf(word: string, known: readonly string[]): string[] {
  const ranked = known.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }));
  return ranked
    .sort((a, b) => a.distance - b.distance)
    .slice(0, NEAREST)
    .map(({ candidate }) => candidate);
}

/** Levenshtein's: insertions, deletions and replacements that make one word of the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
