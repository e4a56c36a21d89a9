/** What every command works with: the engine, a way to be interrupted, and where events and results go. */
import { parseParams } from '../check.ts';
import type { EngineClient } from '../client.ts';
import type { ParamsInput, PictureFile, Progress, Result, Verb } from '../protocol.ts';
import { ProgressLine } from './progress.ts';

export interface CommandSession {
  /** Starts the engine when it is first asked for: wrong parameters never get that far. */
  client: () => EngineClient;
  signal: AbortSignal;
  /** One event a line on stdout instead of words. */
  json: boolean;
}

/** Runs one request, showing its progress as a line or as JSON. Cancels when the session is interrupted. */
export async function runVerb<V extends Verb>(
  { client, signal, json }: CommandSession,
  verb: V,
  params: ParamsInput<V>,
  onEvent: (event: Progress) => void = () => {},
): Promise<Result<V>> {
  parseParams(verb, params);
  const line = new ProgressLine(process.stderr);
  try {
    return await client().run(verb, params, {
      signal,
      onEvent: (event) => {
        if (event.event === 'stopped') return;
        if (json) printJson(event);
        else line.show(event);
        onEvent(event);
      },
    });
  } finally {
    line.clear();
  }
}

/** Bytes become base64; a finished picture's bytes are in its file and are left out by the caller. */
export function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value, bytesToBase64)}\n`);
}

function bytesToBase64(key: string, value: unknown): unknown {
  const picture = value as Partial<PictureFile> | null;
  if (key === 'bytes' || !(picture?.bytes instanceof Uint8Array)) return value;
  const { bytes, ...rest } = picture;
  return { ...rest, base64: Buffer.from(bytes).toString('base64') };
}
