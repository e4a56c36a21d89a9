/** Cutting text into special tokens and the pieces that byte pairs are merged in. */

/** What the reference's regular expressions call white space: JavaScript's `\s` plus U+0085 minus U+FEFF. */
const SPACE = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/**
 * Qwen's split pattern, its alternatives tried in this order. The inline case flag is spelled out; the long s
 * (U+017F) is a case variant of s there.
 */
const PIECE = new RegExp(
  [
    "'(?:[sSſtTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])",
    '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+',
    '\\p{N}',
    ` ?[^${SPACE}\\p{L}\\p{N}]+[\\r\\n]*`,
    `[${SPACE}]*[\\r\\n]+`,
    `[${SPACE}]+(?![^${SPACE}])`,
    `[${SPACE}]+`,
  ].join('|'),
  'gu',
);

export function* pieces(text: string): Generator<string> {
  for (const match of text.matchAll(PIECE)) yield match[0];
}

/** Finds special tokens anywhere in a text. */
export class SpecialTokenFinder {
  private readonly pattern: RegExp;

  /** @param tokens ids by token; tens of thousands that differ only in their digits cost one alternative. */
  constructor(private readonly tokens: ReadonlyMap<string, number>) {
    const shapes = new Set([...tokens.keys()].map((token) => escapeRegex(token).replace(/\d+/g, '\\d+')));
    this.pattern = new RegExp([...shapes].join('|'), 'g');
  }

  /** The text in order: plain stretches as strings, special tokens as ids. */
  *parts(text: string): Generator<string | number> {
    let start = 0;
    for (const match of text.matchAll(this.pattern)) {
      const id = this.tokens.get(match[0]);
      if (id === undefined) continue;
      if (match.index > start) yield text.slice(start, match.index);
      yield id;
      start = match.index + match[0].length;
    }
    if (start < text.length) yield text.slice(start);
  }
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&');
}
