/** Guesses from a message whether a person asks, wants a new picture, or wants the current one changed. */

export type Intent = 'ask' | 'create' | 'edit';

const CREATE = /^(please\s+)?(draw|make|create|paint|generate|show)\b/i;
const CREATE_NOUN =
  /^(please\s+)?(draw|make|create|paint|generate|show)\s+(me\s+)?(an?|the|some|two|another)\b/i;
/** A thing named, not a sentence: "a red apple in snow", "two blue cars". */
const NOUN_PHRASE = /^(an?|one|two|three|four|five|six|some|several)\s/i;
const EDIT =
  /^(please\s+)?(add|put|place|remove|delete|erase|replace|swap|turn|make|paint|colou?r|recolou?r|change|move|shift|flip|mirror|rotate|set)\b/i;

/** What is said around a request: "could you please …", "I'd like you to …". */
const POLITE =
  /^(?:(?:can|could|would|will) you|i(?:'d| would)? (?:like|want|need) you to|i want to|let'?s|now|please|ok(?:ay)?,?)\s+/i;
/** "I want a cat", "I'd like to see a picture of one". */
const WISH = /^i(?:'d| would)? (?:like|want|need)(?: to (?:see|have))? (?:an?|some|one|two|three|another)\s/i;

/** Characters; a request says at its beginning what it is. */
const LOOKED_AT = 500;

/**
 * @param hasPicture there is a current picture that could be changed
 * @returns the guess; a person must be able to overrule it
 */
export function detectIntent(message: string, hasPicture: boolean): Intent {
  const whole = message.trim();
  const text = plainly(withoutEndMarks(whole.slice(0, LOOKED_AT)));
  if (whole.endsWith('?') && !isRequest(text, whole)) return 'ask';
  if (hasPicture && EDIT.test(text) && !isNewPicture(text)) return 'edit';
  return CREATE.test(text) || NOUN_PHRASE.test(text) || WISH.test(text) ? 'create' : 'ask';
}

function withoutEndMarks(text: string): string {
  let end = text.length;
  while (end > 0 && ' \n\t?.!'.includes(text[end - 1]!)) end -= 1;
  return text.slice(0, end);
}

function plainly(text: string): string {
  const shorter = text.replace(POLITE, '');
  return shorter === text ? text : plainly(shorter);
}

/** "can you draw a cat?" wants a cat, "can you draw?" an answer. */
function isRequest(text: string, whole: string): boolean {
  const isAsked = /^(?:can|could|would|will) you\b/i.test(whole);
  return isAsked && (CREATE_NOUN.test(text) || EDIT.test(text)) && /\s/.test(text);
}

/** "make a blue car" is a new picture, "make the car blue" changes one. */
function isNewPicture(text: string): boolean {
  const match = CREATE_NOUN.exec(text);
  return match !== null && match[4]?.toLowerCase() !== 'the';
}
