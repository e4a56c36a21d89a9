/** Guesses from a message whether a person asks, wants a new picture, or wants the current one changed. */

export type Intent = 'ask' | 'create' | 'edit';

const CREATE = /^(please\s+)?(draw|make|create|paint|generate|show)\b/i;
const CREATE_NOUN =
  /^(please\s+)?(draw|make|create|paint|generate|show)\s+(me\s+)?(an?|the|some|two|another)\b/i;
/** A thing named, not a sentence: "a red apple in snow", "two blue cars". */
const NOUN_PHRASE = /^(an?|one|two|three|four|five|six|some|several)\s/i;
const EDIT =
  /^(please\s+)?(add|put|place|remove|delete|erase|replace|swap|turn|make|paint|colou?r|recolou?r|change|move|shift|flip|mirror|rotate|set)\b/i;

/**
 * @param hasPicture there is a current picture that could be changed
 * @returns the guess; a person must be able to overrule it
 */
export function detectIntent(message: string, hasPicture: boolean): Intent {
  const text = message.trim();
  if (text.endsWith('?')) return 'ask';
  if (hasPicture && EDIT.test(text) && !isNewPicture(text)) return 'edit';
  return CREATE.test(text) || NOUN_PHRASE.test(text) ? 'create' : 'ask';
}

/** "make a blue car" is a new picture, "make the car blue" changes one. */
function isNewPicture(text: string): boolean {
  const match = CREATE_NOUN.exec(text);
  return match !== null && match[4]?.toLowerCase() !== 'the';
}
