/**
 * How a picture was made, as text in the way AUTOMATIC1111's web UI writes it: many programs read it. Prompt,
 * then "Negative prompt: …", then one line of "Key: value" pairs.
 */

import type { Solver } from '../choices.ts';

/** What the text tells; a recipe may hold more. */
export interface RecipeFacts {
  prompt: string;
  negative: string;
  seed: number;
  width: number;
  height: number;
  grid: { rows: number; columns: number };
  steps: number;
  solver: Solver;
  guidance: number;
  imageGuidance: number;
  planGuidance: number;
  model: string;
  modelFingerprint: string;
  laidBack?: boolean | undefined;
}

/** As others name them. */
const SAMPLERS: Record<Solver, string> = { euler: 'Euler', 'second-order': 'Adams-Bashforth 2' };
const NEGATIVE = 'Negative prompt: ';
/** A value with a comma, colon or line break is written as a JSON string. */
const PAIR = /([\w()-][\w ()-]*):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)/g;
const FEWEST_PAIRS = 3;
/** The pattern's time grows with the square of the line. */
const LONGEST_SETTINGS_LINE = 5_000;

export function recipeText(recipe: RecipeFacts): string {
  const pairs = {
    Steps: recipe.steps,
    Sampler: SAMPLERS[recipe.solver],
    'CFG scale': recipe.guidance,
    Seed: recipe.seed,
    Size: `${recipe.width}x${recipe.height}`,
    'Model hash': recipe.modelFingerprint.slice(0, 10),
    Model: recipe.model,
    'Image guidance': recipe.imageGuidance,
    'Plan guidance': recipe.planGuidance,
    Plan: `${recipe.grid.columns}x${recipe.grid.rows}`,
    ...(recipe.laidBack && { 'Drift guard': 'on' }),
    Version: 'Tusk',
  };
  const settings = Object.entries(pairs).map(([key, value]) => `${key}: ${quoted(String(value))}`);
  const lines = [recipe.prompt, recipe.negative && NEGATIVE + recipe.negative, settings.join(', ')];
  return lines.filter((line) => line !== '').join('\n');
}

export interface ForeignRecipe {
  prompt: string;
  negative: string;
  /** Key -> value, as written: `Steps` -> `20`. */
  settings: Record<string, string>;
}

/** Reads such a text, whoever wrote it. */
export function parseRecipeText(text: string): ForeignRecipe {
  const lines = text.trim().split('\n');
  const last = lines.at(-1)!.slice(0, LONGEST_SETTINGS_LINE);
  const pairs = [...last.matchAll(PAIR)].map((match) => [match[1]!.trim(), unquoted(match[2]!)] as const);
  const hasSettings = pairs.length >= FEWEST_PAIRS;
  const words = hasSettings ? lines.slice(0, -1) : lines;
  const split = words.findLastIndex((line) => line.startsWith(NEGATIVE.trim()));
  const prompt = split < 0 ? words : words.slice(0, split);
  const negative = split < 0 ? [] : words.slice(split);
  return {
    prompt: prompt.join('\n').trim(),
    negative: negative.join('\n').slice(NEGATIVE.length).trim(),
    settings: hasSettings ? Object.fromEntries(pairs) : {},
  };
}

function quoted(value: string): string {
  return /[,:\n"]/.test(value) ? JSON.stringify(value) : value;
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value.trim();
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}
