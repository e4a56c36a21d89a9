import { TuskError } from '../errors.ts';

/** Far beyond what a model reads; stops a pasted file before it costs minutes. */
export const MAX_PROMPT_CHARACTERS = 100_000;

/**
 * What a person typed, as it may go to the model.
 * @returns the same text.
 * @throws TuskError `bad-prompt` if it is empty, too long, or holds NUL or half a character.
 */
export function checkPrompt(prompt: string): string {
  if (prompt.trim() === '') throw bad('The prompt is empty.', 'Say what the picture should show.');
  if (prompt.length > MAX_PROMPT_CHARACTERS) {
    throw bad(
      `The prompt has ${prompt.length.toLocaleString('en')} characters; at most ${MAX_PROMPT_CHARACTERS.toLocaleString('en')} are read.`,
      'Shorten it.',
    );
  }
  const broken = /[\0\p{Surrogate}]/u.exec(prompt);
  if (!broken) return prompt;
  const what = broken[0] === '\0' ? 'a NUL character' : 'half a character (a lone surrogate)';
  throw bad(
    `The prompt has ${what} at position ${broken.index + 1}.`,
    'Remove it, or type the prompt again.',
  );
}

function bad(message: string, hint: string): TuskError {
  return new TuskError('bad-prompt', message, { hint });
}
