/** Messages between Electron 9 and a process of a much newer Node, which share no serialization but JSON. */
import { decodeFrame, encodeFrame } from '../../engine/wire.ts';

export type Packed = { text: string } | { base64: string };

/** For the process itself, or for one of its ports; null closes it. */
export type Carried =
  | { to: 'process'; message: Packed; ports: readonly number[] }
  | { to: 'port'; id: number; message: Packed | null };

export function pack(message: unknown): Packed {
  const frame = encodeFrame({ message });
  return typeof frame === 'string' ? { text: frame } : { base64: Buffer.from(frame).toString('base64') };
}

export function unpack(packed: Packed): unknown {
  const frame = 'text' in packed ? packed.text : new Uint8Array(Buffer.from(packed.base64, 'base64'));
  return (decodeFrame(frame) as { message: unknown }).message;
}
