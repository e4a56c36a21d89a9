/** A tiny real tokenizer's files in memory, so that a test can damage one. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { TuskError } from '../../../engine/errors.ts';
import type { TextFiles } from '../../../engine/tokenizer/tokenizer.ts';

export const ALPHA = fileURLToPath(new URL('../../parity/alpha', import.meta.url));

export async function alphaFiles(changed: Record<string, string | undefined> = {}): Promise<TextFiles> {
  const readText = async (name: string): Promise<string> => {
    const text = name in changed ? changed[name] : await readFile(`${ALPHA}/checkpoint/${name}`, 'utf8');
    if (text === undefined) throw new TuskError('checkpoint-missing', `${name} is missing.`);
    return text;
  };
  return { readText, readJson: async (name) => JSON.parse(await readText(name)) };
}

export const isError = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof TuskError && error.code === code && words.test(error.message) && error.hint !== undefined;
