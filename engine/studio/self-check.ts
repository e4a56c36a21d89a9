/** Questions about a picture that its own prompt answers, asked of the model that made it. Its answers are opinions. */
import type { EngineClient } from '../client.ts';

export interface Check {
  question: string;
  answer: string;
  agrees: boolean;
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
/** Not things to be looked for. */
const PLACES = /^(background|left|right|top|bottom|middle|centre|center|corner|picture|image|side|gradient)/i;
const MOST_QUESTIONS = 6;
const ANSWER_TOKENS = 24;

/** "Is there an apple?", "Is the apple red?" for each thing the prompt names. Every question expects a yes. */
export function questionsOf(prompt: string): string[] {
  const things = [...prompt.matchAll(THING)]
    .map(([, colour, noun]) => ({ colour: colour?.toLowerCase(), noun: noun!.trim().toLowerCase() }))
    .filter(({ noun }) => noun !== '' && !PLACES.test(noun) && !new RegExp(`^(?:${COLOURS})$`).test(noun));
  const questions = things.flatMap(({ colour, noun }) => [
    `is there ${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}?`,
    ...(colour ? [`is the ${noun} ${colour}?`] : []),
  ]);
  return [...new Set(questions)].slice(0, MOST_QUESTIONS);
}

/** @param model the checkpoint's folder, as verbs take it. */
export async function selfCheck(
  client: EngineClient,
  model: { checkpoint?: string },
  picture: Uint8Array,
  prompt: string,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const question of questionsOf(prompt)) {
    const content = [
      { type: 'picture' as const, picture: { bytes: picture } },
      { type: 'text' as const, text: question },
    ];
    const params = { ...model, messages: [{ role: 'user' as const, content }], maxTokens: ANSWER_TOKENS };
    const { text } = await client.run('chat', { ...params, sampling: { temperature: 0 } });
    checks.push({ question, answer: text.trim(), agrees: /^\W*yes\b/i.test(text) });
  }
  return checks;
}
