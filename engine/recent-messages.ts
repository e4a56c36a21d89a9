/** The end of a conversation that is too long for a model: whole exchanges are left out, the oldest first. */
import type { Message, MessagePart } from './tokenizer/messages.ts';

/** Left out together, so that the next few questions find the conversation begin as it did, and in the cache. */
const LEFT_OUT_TOGETHER = 8;
/** Of the last few each is tried: their pictures may be large. */
const TRIED_SINGLY = 8;

/**
 * The conversation whole, then beginning later and later, down to the last question alone.
 * A question without a picture is about the pictures before it: where those are left out, it takes them along.
 */
export function shorterAndShorter(messages: readonly Message[]): Message[][] {
  const first = messages.findIndex(({ role }) => role === 'user');
  const head = messages.slice(0, first);
  const exchanges = exchangesOf(messages.slice(first));
  const starts = exchanges
    .map((_, start) => start)
    .filter((start) => start % LEFT_OUT_TOGETHER === 0 || start >= exchanges.length - TRIED_SINGLY);
  return starts.map((start) => [...head, ...beginningAt(exchanges, start).flat()]);
}

/** A question and what followed it. */
type Exchange = readonly Message[];

function exchangesOf(messages: readonly Message[]): Exchange[] {
  const exchanges: Message[][] = [];
  for (const message of messages) {
    if (message.role === 'user') exchanges.push([message]);
    else exchanges.at(-1)!.push(message);
  }
  return exchanges;
}

function beginningAt(exchanges: readonly Exchange[], start: number): Exchange[] {
  const [question, ...followed] = exchanges[start]!;
  const about = exchanges
    .slice(0, start)
    .map(([asked]) => picturesOf(asked!))
    .findLast((pictures) => pictures.length > 0);
  if (!about || picturesOf(question!).length > 0) return exchanges.slice(start);
  const content = [...about, ...partsOf(question!)];
  return [[{ ...question!, content }, ...followed], ...exchanges.slice(start + 1)];
}

const partsOf = ({ content }: Message): readonly MessagePart[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;

const picturesOf = (message: Message): MessagePart[] =>
  partsOf(message).filter(({ image }) => image !== undefined);
