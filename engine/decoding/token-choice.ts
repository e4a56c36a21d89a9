/**
 * From the model's raw scores to one id: the processors in the reference's order, then the likeliest id or a draw.
 */
import { assertFinite } from '../runtime/tensor.ts';
import {
  applyTemperature,
  guide,
  highestIndices,
  keepTopK,
  keepTopP,
  limitScope,
  penaliseRepetition,
  softmax,
  valuesAt,
} from './score-processors.ts';

export interface SamplingSettings {
  /** Above 0; 1 = off. Lower = nearer to the likeliest. */
  temperature: number;
  /** How many ids stay; 0 = off. */
  topK: number;
  /** Probability that stays, above 0; 1 = off. */
  topP: number;
  /** Above 0; 1 = off. */
  repetitionPenalty: number;
}

export interface ChoiceRules extends SamplingSettings {
  /** Guidance scale; it applies where there are unconditional scores, and 1 or less = off. */
  guidance: number;
  /** Lower ids are never chosen. Default 0: all may be. */
  firstAllowed?: number;
  /** top-k and top-p keep at least this many. */
  minimumKept: number;
  /** Absent = greedy: the likeliest id. Else a source of uniform numbers in 0..1. */
  uniform?: () => number;
}

/** Raw scores of the ids firstId, firstId + 1, ... */
export interface RawScores {
  firstId: number;
  conditional: Float32Array;
  unconditional?: Float32Array;
}

export type ProcessorName = 'guidance' | 'repetition-penalty' | 'temperature' | 'scope' | 'top-k' | 'top-p';

export interface Processor {
  name: ProcessorName;
  /** In place. */
  apply(scores: Float32Array): void;
}

/** The processors the rules ask for, in the reference's order. Settings that are off leave theirs out. */
export function processorsFor(raw: RawScores, seen: Iterable<number>, rules: ChoiceRules): Processor[] {
  const { firstId, unconditional } = raw;
  const { guidance, repetitionPenalty, temperature, topK, topP, firstAllowed = 0, minimumKept } = rules;
  const all: (Processor | false | undefined)[] = [
    unconditional && guidance > 1 && { name: 'guidance', apply: (s) => guide(s, unconditional, guidance) },
    repetitionPenalty !== 1 && {
      name: 'repetition-penalty',
      apply: (s) => penaliseRepetition(s, firstId, seen, repetitionPenalty),
    },
    temperature !== 1 && { name: 'temperature', apply: (s) => applyTemperature(s, temperature) },
    firstAllowed > 0 && { name: 'scope', apply: (s) => limitScope(s, firstId, firstAllowed) },
    topK !== 0 && { name: 'top-k', apply: (s) => keepTopK(s, Math.max(topK, minimumKept)) },
    topP < 1 && { name: 'top-p', apply: (s) => keepTopP(s, topP, minimumKept) },
  ];
  return all.filter((processor): processor is Processor => Boolean(processor));
}

/**
 * @param seen ids of the prompt and those generated so far
 * @throws TuskError `non-finite` if the model's scores are not numbers
 */
export function processScores(raw: RawScores, seen: Iterable<number>, rules: ChoiceRules): Float32Array {
  assertScores(raw);
  const scores = raw.conditional.slice();
  for (const { apply } of processorsFor(raw, seen, rules)) apply(scores);
  return scores;
}

function assertScores({ conditional, unconditional }: RawScores): void {
  assertFinite(conditional, 'The language model');
  if (unconditional) assertFinite(unconditional, 'The language model');
}

/** @throws TuskError `non-finite` if the model's scores are not numbers */
export function chooseToken(raw: RawScores, seen: Iterable<number>, rules: ChoiceRules): number {
  const { scores, indices } = candidates(raw, seen, rules);
  const place = rules.uniform ? draw(softmax(scores), rules.uniform()) : indexOfHighest(scores);
  return raw.firstId + (indices ? indices[place]! : place);
}

interface Candidates {
  scores: Float32Array;
  /** Where they stood; absent = all, in order. */
  indices?: readonly number[];
}

/** What changes a score by more than its order among the others. */
const BEFORE_TEMPERATURE: readonly ProcessorName[] = ['guidance', 'repetition-penalty'];

/** `processScores`, but from the temperature on it sees the few that top-k may keep in place of the whole vocabulary. */
function candidates(raw: RawScores, seen: Iterable<number>, rules: ChoiceRules): Candidates {
  if (rules.topK === 0) return { scores: processScores(raw, seen, rules) };
  assertScores(raw);
  const processors = processorsFor(raw, seen, rules);
  const before = processors.filter(({ name }) => BEFORE_TEMPERATURE.includes(name));
  const all = before.length > 0 ? raw.conditional.slice() : raw.conditional;
  for (const { apply } of before) apply(all);
  const start = Math.max(0, (rules.firstAllowed ?? 0) - raw.firstId);
  const indices = highestIndices(all, start, Math.max(rules.topK, rules.minimumKept));
  const scores = valuesAt(all, indices);
  for (const { name, apply } of processors) {
    if (name !== 'scope' && !BEFORE_TEMPERATURE.includes(name)) apply(scores);
  }
  return { scores, indices };
}

/** The first of the highest. */
export function indexOfHighest(scores: Float32Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return best;
}

/** The first index whose cumulative probability (float64) exceeds `uniform`; the last possible one if none does. */
export function draw(probabilities: Float32Array, uniform: number): number {
  let sum = 0;
  let last = 0;
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i] === 0) continue;
    sum += probabilities[i]!;
    last = i;
    if (sum > uniform) break;
  }
  return last;
}
