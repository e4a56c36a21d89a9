const LONGEST = 60;
/** What no system allows in a file's name, and what hides or reorders text. */
const FORBIDDEN = /[\p{C}\p{Zl}\p{Zp}<>:"/\\|?*.]+/gu;

/** A name for a file to be saved under: letters of the text, no path, at most 60 characters. */
export function fileName(text: string, ending: string): string {
  const safe = [...text.replace(FORBIDDEN, ' ').replace(/\s+/g, ' ').trim()]
    .slice(0, LONGEST)
    .join('')
    .trim();
  return `${safe || 'Tusk'}.${ending}`;
}
