/** Words of a prompt that a model with a closed vocabulary was never taught, with near spellings it knows. */
import type { ModelSummary } from '../protocol.ts';
import type { Version } from '../studio-protocol.ts';

const NEAREST = 3;
/** Longer prompts are looked at in part: nobody reads more notes than this. */
const MOST_WORDS = 20;
const LONGEST_WORD = 40;
/** Shorter ones bind a sentence and are near to everything. */
const SHORTEST_OFFERED = 3;
/** Letters that may differ in a near spelling: one of so many. */
const LETTERS_A_SLIP = 3;
const WORD = /[\p{L}\p{M}]+/gu;

/** What binds a sentence or asks for a picture; no model lists it, and none draws it. */
const BINDING = new Set(
  `a an the this that these those it its is are be were there and or but if as so with without of to in on at by for from before
  into inside onto over under above below beneath underneath beside between behind near next against around along away
  front up down left right top bottom upper lower middle centre center centered corner side edge some any no not only
  just also then instead except all both each every everything other another one two three four five first second
  couple pair plus twice i you my me we us let d s t don want like need see look can could should would please
  draw make create paint generate show give imagine include picture image photo drawing painting scene background
  backdrop colour color coloured colored size change dye convert redraw turn rotate spin flip mirror reflect reverse
  invert replace swap exchange substitute move shift drag bring take put place add remove erase delete clear
  disappear get rid keep leave use cut cutout crop extract isolate separate copy clone duplicate repeat set scale
  reduce grow bigger smaller larger more less very standing sitting degrees quarter clockwise counterclockwise
  anticlockwise horizontally vertically`.split(/\s+/),
);

type Known = Pick<ModelSummary, 'vocabulary' | 'examples' | 'abilities'>;

/** @param model a vocabulary without words means that it states none, and nothing is unknown. */
export function unknownWords(prompt: string, model: Known | null): Version['unknownWords'] {
  if (!model || model.vocabulary.length === 0) return [];
  const taught = new Set(wordsOf(model.vocabulary));
  const { create, edit, ask } = model.examples;
  const said = new Set(wordsOf([...create, ...edit, ...ask, ...model.abilities]));
  const isKnown = (word: string) => BINDING.has(word) || said.has(word) || taught.has(word);
  const offered = [...taught].filter((word) => word.length >= SHORTEST_OFFERED);
  return [...new Set(wordsOf([prompt]))]
    .filter((word) => word.length <= LONGEST_WORD && !singulars(word).some(isKnown))
    .slice(0, MOST_WORDS)
    .map((word) => ({ word, nearest: nearestOf(word, offered) }));
}

const wordsOf = (texts: readonly string[]): string[] =>
  texts.flatMap((text) => text.toLowerCase().match(WORD) ?? []);

/** The word, and what it may be the plural of. */
const singulars = (word: string): string[] => [
  word,
  word.replace(/s$/, ''),
  word.replace(/es$/, ''),
  word.replace(/ies$/, 'y'),
];

/** Only what may have been meant: a slip of the pen, not any word. */
function nearestOf(word: string, offered: readonly string[]): string[] {
  const furthest = Math.floor(word.length / LETTERS_A_SLIP);
  return offered
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .filter(({ distance }) => distance <= furthest)
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
