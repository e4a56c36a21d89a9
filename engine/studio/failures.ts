import { TuskError, toTuskError } from '../errors.ts';
import type { Failure } from '../studio-protocol.ts';

/** Any thrown value as it crosses to a window. */
export function failureOf(thrown: unknown): Failure {
  const { code, message, hint, next } = toTuskError(thrown);
  return { code, message, hint: hint ?? null, ...(next && { next }) };
}

export function notFound(what: string): TuskError {
  return new TuskError('not-found', `There is no such ${what}.`, { hint: 'It may have been deleted.' });
}

/** Something that can't be done, though nothing is broken. */
export const unavailable = (message: string): TuskError => new TuskError('unavailable', message);
