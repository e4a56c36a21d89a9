/**
 * Errors by meaning. Every failure a caller may have to decide about is a `TuskError` with a code that
 * survives the wire, one plain sentence for people, and what to do next.
 */
import type { PartName, Provider } from './placing.ts';

/** All codes that may cross a process boundary; `protocol.ts` derives its schema from this list. */
export const ERROR_CODES = [
  'cancelled',
  'bad-request',
  'bad-prompt',
  'bad-picture',
  'bad-setting',
  'checkpoint-missing',
  'checkpoint-damaged',
  'checkpoint-unsupported',
  'tokenizer-damaged',
  'template-unsupported',
  'non-finite',
  'out-of-memory',
  'file-write',
  'disk-full',
  'download-failed',
  'not-found',
  'engine-gone',
  'engine-killed',
  'engine-hung',
  'library-locked',
  'library-newer',
  'library-read-only',
  'unavailable',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

const LOSSES: readonly ErrorCode[] = ['engine-gone', 'engine-killed', 'engine-hung'];

/** The engine's process is gone, or as good as that. */
export const isLoss = ({ code }: TuskError): boolean => LOSSES.includes(code);

/** Parameters that take the place of the request's, so that it can be done: what a button offers. */
export interface NextChoice {
  size?: { width: number; height: number };
  memory?: {
    holding?: 'together' | 'staged' | undefined;
    precision?: 'source' | 'compiled' | undefined;
    device?: 'auto' | Provider | undefined;
    deviceParts?: PartName[] | undefined;
  };
}

export interface TuskErrorDetails {
  /** What the person can do next, one sentence. */
  hint?: string | undefined;
  cause?: unknown;
  /** A smaller request that can be done. */
  next?: NextChoice | undefined;
}

export class TuskError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly next: NextChoice | undefined;

  /** @param message one plain sentence saying what happened, naming the file, tensor or setting. */
  constructor(code: ErrorCode, message: string, details: TuskErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'TuskError';
    this.code = code;
    this.hint = details.hint;
    this.next = details.next;
  }
}

/** The person asked to stop. Not a failure: callers match on the code. */
export class CancelledError extends TuskError {
  constructor() {
    super('cancelled', 'The run was cancelled.');
    this.name = 'CancelledError';
  }
}

/** Throws `CancelledError` once the signal is aborted; looked at between tokens and between steps. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError();
}

/** Any thrown value as a `TuskError`; unknown ones become `internal` with the cause kept. */
export function toTuskError(thrown: unknown): TuskError {
  if (thrown instanceof TuskError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new TuskError('internal', message, {
    cause: thrown,
    hint: 'This is a bug in Tusk: please report it.',
  });
}
