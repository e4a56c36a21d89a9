/** Making room for pictures in a rendered prompt: each placeholder becomes as many tokens as its picture has. */
import { TuskError } from '../errors.ts';

export const IMAGE_PAD = '<|image_pad|>';
export const GENERATED_PLACEHOLDER = '<|gen_placeholder|>';

export interface Grid {
  /** Rows of tokens. */
  height: number;
  /** Columns of tokens. */
  width: number;
}

/**
 * @param seen merged vision tokens of each picture, in order. Without pictures a pad in the text stays as it is.
 * @param visualTokens grids of the pictures that enter as visual tokens.
 * @throws TuskError `bad-prompt` if the text has more or fewer places than there are pictures.
 */
export function expandPictures(
  text: string,
  seen: readonly number[],
  visualTokens: readonly Grid[] = [],
): string {
  const withSeen = expand(text, IMAGE_PAD, seen);
  return expand(withSeen, GENERATED_PLACEHOLDER, visualTokens.map(visualPromptLength));
}

/** Tokens of a picture in the prompt: its rows with their ends, the markers, `*` and the digits of the sizes. */
export function visualPromptLength({ height, width }: Grid): number {
  return height * (width + 1) + 5 + String(height).length + String(width).length;
}

function expand(text: string, token: string, counts: readonly number[]): string {
  if (counts.length === 0) return text;
  const stretches = text.split(token);
  if (stretches.length - 1 !== counts.length) {
    throw new TuskError(
      'bad-prompt',
      `The prompt has ${stretches.length - 1} places ${token} for ${counts.length} pictures.`,
      { hint: `Don't type ${token} in a message: it stands for a picture.` },
    );
  }
  return stretches.reduce((joined, stretch, index) => joined + token.repeat(counts[index - 1]!) + stretch);
}
