/** Questions about a picture that its own prompt answers, asked of the model that made it. Its answers are opinions. */
import type { EngineClient } from '../client.ts';

export interface Check {
  question: string;
  answer: string;
  agrees: boolean;
}

/** With the word that an answer has to hold if the picture is what was asked for. */
export interface Question {
  question: string;
  expects: string;
}

const COLOURS =
  'red|orange|yellow|green|blue|purple|violet|pink|brown|black|white|gray|grey|gold|silver|teal|cyan|magenta|beige|turquoise';
const SIZES = 'big|large|small|little|tiny|huge';
/** "a small red fire truck": article, sizes, colour, and the words up to the next preposition or mark. */
const THING = new RegExp(
  `\\b(?:an?|the|one|two|three|four|some)\\s+(?:(?:${SIZES})\\s+)*(?:(${COLOURS})\\s+)?((?:[\\p{L}-]+\\s?){1,3}?)` +
    `(?=\\s*(?:$|[,.;]|\\b(?:and|on|in|at|with|to|of|under|over|above|below|beside|behind|near|next|left|right|against|from|is|are|that|wearing)\\b))`,
  'giu',
);
const REPLACED = /\b(?:replace|swap)\s+(.+?)\s+(?:with|by|for)\s+(.+)$/i;
const REMOVED = /\b(?:remove|delete|erase)\s+(.+)$/i;
const RECOLOURED = new RegExp(
  `\\b(?:make|turn|paint|colou?r|recolou?r|change)\\s+the\\s+([\\p{L} -]+?)\\s+(?:(?:in)?to\\s+)?(${COLOURS})\\b`,
  'iu',
);
const BACKGROUND = new RegExp(
  `\\bbackground\\s+(?:(?:in)?to\\s+|is\\s+)?(?:an?\\s+)?(${COLOURS})\\b|\\b(${COLOURS})\\s+background\\b`,
  'i',
);
/** Not things to be looked for. */
const PLACES = /^(background|left|right|top|bottom|middle|centre|center|corner|picture|image|side|gradient)/i;
const MOST_QUESTIONS = 6;
/** Characters; the patterns take long on long ones. */
const LOOKED_AT = 400;
const ANSWER_TOKENS = 24;

/** Whether each thing that a prompt or an instruction names is there, or gone, and has its colour. */
export function questionsOf(prompt: string): Question[] {
  const text = prompt.replace(/\s+/g, ' ').slice(0, LOOKED_AT);
  const questions = new Map(allQuestionsOf(text).map((asked) => [asked.question, asked]));
  return [...questions.values()].slice(0, MOST_QUESTIONS);
}

function allQuestionsOf(prompt: string): Question[] {
  const [, before, after] = REPLACED.exec(prompt) ?? [];
  if (before && after) return [...thingsOf(before).map(isGone), ...thingsOf(after).flatMap(isThere)];
  const [, removed] = REMOVED.exec(prompt) ?? [];
  if (removed) return thingsOf(removed).map(isGone);
  const [, noun, colour] = RECOLOURED.exec(prompt) ?? [];
  const things = noun && colour && !PLACES.test(noun) ? [{ noun, colour }] : thingsOf(prompt);
  return [...things.flatMap(isThere), ...backgroundOf(prompt)];
}

interface Thing {
  noun: string;
  colour: string | undefined;
}

const IS_COLOUR = new RegExp(`^(?:${COLOURS})$`, 'i');

const thingsOf = (text: string): Thing[] =>
  [...text.matchAll(THING)]
    .map(([, colour, noun]) => ({ colour, noun: noun!.trim() }))
    .filter(({ noun }) => noun !== '' && !PLACES.test(noun) && !IS_COLOUR.test(noun));

function isThere({ noun, colour }: Thing): Question[] {
  const name = noun.toLowerCase();
  const there = { question: presence(name), expects: 'yes' };
  return colour ? [there, { question: `is the ${name} ${colour.toLowerCase()}?`, expects: 'yes' }] : [there];
}

const isGone = ({ noun }: Thing): Question => ({ question: presence(noun.toLowerCase()), expects: 'no' });

const presence = (noun: string): string => `is there ${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}?`;

function backgroundOf(prompt: string): Question[] {
  const [, after, before] = BACKGROUND.exec(prompt) ?? [];
  const colour = (after ?? before)?.toLowerCase();
  return colour ? [{ question: 'what colour is the background?', expects: colour }] : [];
}

/** @param model the checkpoint's folder, as verbs take it. */
export async function selfCheck(
  client: EngineClient,
  model: { checkpoint?: string },
  picture: Uint8Array,
  prompt: string,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { question, expects } of questionsOf(prompt)) {
    const content = [
      { type: 'picture' as const, picture: { bytes: picture } },
      { type: 'text' as const, text: question },
    ];
    const params = { ...model, messages: [{ role: 'user' as const, content }], maxTokens: ANSWER_TOKENS };
    const { text } = await client.run('chat', { ...params, sampling: { temperature: 0 } });
    checks.push({ question, answer: text.trim(), agrees: holds(text, expects) });
  }
  return checks;
}

/** A yes or a no comes first; a colour may come anywhere. */
export function holds(answer: string, expected: string): boolean {
  const words = answer.toLowerCase().match(/\p{L}+/gu) ?? [];
  return IS_COLOUR.test(expected) ? words.some((word) => word === expected) : words[0] === expected;
}
