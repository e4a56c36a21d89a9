/**
 * From the model's raw scores to one id: the processors in the reference's order, then the likeliest id or a draw.
 */
import { assertFinite } from '../runtime/tensor.ts';
import {
  applyTemperature,
  guide,
  keepTopK,
  keepTopP,
  limitScope,
  penaliseRepetition,
  softmax,
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
  assertFinite(raw.conditional, 'The language model');
  if (raw.unconditional) assertFinite(raw.unconditional, 'The language model');
  const scores = raw.conditional.slice();
  for (const processor of processorsFor(raw, seen, rules)) processor.apply(scores);
  return scores;
}

export interface Choice {
  id: number;
  /** After all processors. */
  scores: Float32Array;
}

export function chooseToken(raw: RawScores, seen: Iterable<number>, rules: ChoiceRules): Choice {
  const scores = processScores(raw, seen, rules);
  const index = rules.uniform ? draw(softmax(scores), rules.uniform()) : indexOfHighest(scores);
  return { id: raw.firstId + index, scores };
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
