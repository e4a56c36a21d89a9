/** Values of single tensors: widened to float32, or only looked at for numbers that are not finite. */
import { TuskError, throwIfCancelled } from '../errors.ts';
import { type ByteSource, withFile } from './file.ts';
import type { Dtype, TensorEntry } from './safetensors.ts';

const SCAN_BYTES = 16 * 2 ** 20;

/** One tensor's values as numbers, widened to float32 (floats) or kept as int32 / uint8. */
export async function readTensor(entry: TensorEntry): Promise<Float32Array | Int32Array | Uint8Array> {
  const { path, offset, length } = entry;
  return decode(entry, await withFile(path, (source) => source.read(offset, length)));
}

const FLOAT_BYTES: Partial<Record<Dtype, number>> = { F32: 4, F16: 2, BF16: 2 };

/** Some of a float tensor's values, in order, as they are stored. @throws TuskError `checkpoint-unsupported` for others */
export async function readBytesOf(
  source: ByteSource,
  entry: TensorEntry,
  from: number,
  count: number,
): Promise<Buffer<ArrayBuffer>> {
  const bytes = FLOAT_BYTES[entry.dtype];
  if (bytes === undefined)
    throw new TuskError('checkpoint-unsupported', `The tensor "${entry.name}" has dtype ${entry.dtype}.`);
  return source.read(entry.offset + from * bytes, count * bytes);
}

/** What `readBytesOf` read, widened to float32. */
export const floatsOf = (entry: TensorEntry, bytes: Buffer<ArrayBuffer>): Float32Array =>
  decode(entry, bytes) as Float32Array;

function decode(entry: TensorEntry, { buffer }: Buffer<ArrayBuffer>): Float32Array | Int32Array | Uint8Array {
  switch (entry.dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(buffer));
    case 'F16':
      return float16ToFloat32(new Uint16Array(buffer));
    case 'I32':
      return new Int32Array(buffer);
    case 'U8':
    case 'BOOL':
      return new Uint8Array(buffer);
    default:
      throw new TuskError(
        'checkpoint-unsupported',
        `The tensor "${entry.name}" has dtype ${entry.dtype}, which isn't read here.`,
      );
  }
}

function bfloat16ToFloat32(source: Uint16Array): Float32Array {
  const words = new Uint32Array(source.length);
  for (let i = 0; i < source.length; i++) words[i] = source[i]! << 16;
  return new Float32Array(words.buffer);
}

/** All 65,536 values: looking up is much faster than computing. */
let halves: Float32Array | undefined;

function float16ToFloat32(source: Uint16Array): Float32Array {
  halves ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => halfToNumber(half));
  const values = new Float32Array(source.length);
  for (let i = 0; i < source.length; i++) values[i] = halves[source[i]!]!;
  return values;
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Exponent bits of the float formats: all set means infinite or not a number. */
const EXPONENTS: Partial<
  Record<Dtype, readonly [words: typeof Uint32Array | typeof Uint16Array, mask: number]>
> = { F32: [Uint32Array, 0x7f80_0000], F16: [Uint16Array, 0x7c00], BF16: [Uint16Array, 0x7f80] };

/** Whether every value of a float tensor is finite; reads it in pieces of 16 MiB. Other dtypes are. */
export function isFiniteTensor(entry: TensorEntry, signal?: AbortSignal): Promise<boolean> {
  const format = EXPONENTS[entry.dtype];
  if (!format) return Promise.resolve(true);
  const [Words, mask] = format;
  return withFile(entry.path, async (source) => {
    for (let done = 0; done < entry.length; done += SCAN_BYTES) {
      throwIfCancelled(signal);
      const bytes = await source.read(entry.offset + done, Math.min(SCAN_BYTES, entry.length - done));
      if (hasAllBits(new Words(bytes.buffer), mask)) return false;
    }
    return true;
  });
}

function hasAllBits(words: Uint32Array | Uint16Array, mask: number): boolean {
  for (let i = 0; i < words.length; i++) if ((words[i]! & mask) === mask) return true;
  return false;
}
