import { TuskError } from '../errors.ts';

/**
 * What a person typed, as it may go to the model.
 * @param maxCharacters UTF-16 units; stops a pasted file before it costs minutes.
 * @returns the same text.
 * @throws TuskError `bad-prompt` if it is blank, too long, or holds NUL or half a character.
 */
export function checkPrompt(prompt: string, maxCharacters: number): string {
  if (prompt.length > maxCharacters) {
    throw bad(
      `The prompt has ${prompt.length.toLocaleString('en')} characters; at most ${maxCharacters.toLocaleString('en')} are read.`,
      'Shorten it.',
    );
  }
  if (prompt.trim() === '') throw bad('The prompt is empty.', 'Say what you want in a few words.');
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
