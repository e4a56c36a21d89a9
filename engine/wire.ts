/**
 * Messages between a window and the studio over a WebSocket. No Node imports: the window uses this file too.
 *
 * Without bytes: a text frame of JSON. With bytes: a binary frame of a little-endian uint32 (length of the JSON),
 * the JSON in UTF-8 with each `Uint8Array` replaced by `{"$bytes": i}`, then for each i a uint32 length and the bytes.
 */

export type Frame = string | Uint8Array<ArrayBuffer>;

const LENGTH_BYTES = 4;
const PLACE = '$bytes';
/** No message brings more. */
const MOST_PARTS = 64;

export function encodeFrame(message: unknown): Frame {
  const blobs: Uint8Array[] = [];
  const json = JSON.stringify(message, function (this: Record<string, unknown>, key, value: unknown) {
    const original = this[key];
    if (!(original instanceof Uint8Array)) return value;
    blobs.push(original);
    return { [PLACE]: blobs.length - 1 };
  });
  return blobs.length === 0 ? json : join([new TextEncoder().encode(json), ...blobs]);
}

/** @throws SyntaxError if the frame is cut, has bytes left over or names bytes it does not bring. */
export function decodeFrame(frame: string | ArrayBuffer | Uint8Array): unknown {
  if (typeof frame === 'string') return JSON.parse(frame);
  const [json, ...blobs] = split(frame instanceof Uint8Array ? frame : new Uint8Array(frame));
  const text = new TextDecoder('utf-8', { fatal: true }).decode(json);
  return JSON.parse(text, (_key, value: unknown) => (isPlace(value) ? blobAt(blobs, value[PLACE]) : value));
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const total = parts.reduce((sum, { length }) => sum + LENGTH_BYTES + length, 0);
  const frame = new Uint8Array(total);
  const view = new DataView(frame.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    frame.set(part, at + LENGTH_BYTES);
    at += LENGTH_BYTES + part.length;
  }
  return frame;
}

function split(frame: Uint8Array): Uint8Array[] {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < frame.length || parts.length === 0; ) {
    if (parts.length === MOST_PARTS) throw new SyntaxError('The frame has too many parts.');
    if (at + LENGTH_BYTES > frame.length) throw new SyntaxError('The frame is cut off.');
    const end = at + LENGTH_BYTES + view.getUint32(at, true);
    if (end > frame.length) throw new SyntaxError('The frame is cut off.');
    parts.push(frame.slice(at + LENGTH_BYTES, end));
    at = end;
  }
  return parts;
}

function isPlace(value: unknown): value is { [PLACE]: number } {
  if (typeof value !== 'object' || value === null || !(PLACE in value)) return false;
  return Object.keys(value).length === 1 && typeof value[PLACE] === 'number';
}

function blobAt(blobs: readonly Uint8Array[], index: number): Uint8Array {
  const blob = blobs[index];
  if (!blob) throw new SyntaxError('The frame names bytes it does not bring.');
  return blob;
}
