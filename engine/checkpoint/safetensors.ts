/**
 * The safetensors header: 8 bytes little-endian length, JSON of that length, then the tensors' bytes.
 * Only the header is read; tensors stay on disk until a session maps them or `readTensor` asks.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { TuskError } from '../errors.ts';

/** The format's own limit for a header. */
const MAX_HEADER_BYTES = 100_000_000;

const DTYPE_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
export type Dtype = keyof typeof DTYPE_BYTES;

export interface TensorEntry {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
  /** Absolute path of the file that holds it. */
  path: string;
  /** Bytes from the start of the file. */
  offset: number;
  length: number;
}

/** What opens a header's JSON: a header of the right length starts like a pickle. */
const BRACE = '{'.charCodeAt(0);

/** First bytes of files people mistake for safetensors, and what they are. */
const IMPOSTORS: readonly (readonly [start: string, what: string])[] = [
  ['PK\u0003\u0004', 'a zip or PyTorch archive'],
  ['\u0080\u0002', 'a Python pickle'],
  ['\u0080\u0003', 'a Python pickle'],
  ['\u0080\u0004', 'a Python pickle'],
  ['\u0080\u0005', 'a Python pickle'],
  ['gguf', 'a GGUF file'],
  ['<!doctype html', 'an HTML page (a failed download?)'],
  ['<html', 'an HTML page (a failed download?)'],
  ['version https://git-lfs', 'a git-lfs pointer: the real file was never fetched'],
];

function damaged(path: string, what: string): TuskError {
  return new TuskError('checkpoint-damaged', `${basename(path)}: ${what}.`, {
    hint: 'Fetch or copy the file again.',
  });
}

/** All tensors of one file, in file order. @throws TuskError `checkpoint-missing`, `-damaged`, `-unsupported`. */
export async function readSafetensorsHeader(path: string): Promise<TensorEntry[]> {
  const file = await openForReading(path);
  try {
    const { size } = await file.stat();
    const start = await readBytes(file, 0, Math.min(size, 64));
    const text = start.toString('latin1').trimStart().toLowerCase();
    const impostor = IMPOSTORS.find(([opening]) => text.startsWith(opening.toLowerCase()));
    if (impostor && start[8] !== BRACE) {
      throw new TuskError(
        'checkpoint-unsupported',
        `${basename(path)} is ${impostor[1]}, not a safetensors file.`,
        {
          hint: 'Point Tusk at a folder in the official layout with .safetensors weights.',
        },
      );
    }
    if (size < 8) throw damaged(path, `it has ${size} bytes, too few for a safetensors header`);
    const headerBytes = Number(start.readBigUInt64LE(0));
    if (headerBytes > MAX_HEADER_BYTES || 8 + headerBytes > size) {
      throw damaged(
        path,
        `its header claims ${headerBytes} bytes, the file has ${size}: cut short or no safetensors file`,
      );
    }
    const json = await readBytes(file, 8, headerBytes);
    return parseHeader(path, json.toString('utf8'), 8 + headerBytes, size);
  } finally {
    await file.close();
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    throw new TuskError('checkpoint-missing', `The file ${path} can't be opened.`, {
      cause,
      hint: 'Check that the checkpoint folder is complete.',
    });
  }
}

async function readBytes(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}

/**
 * Checks a header's JSON text against the file's size: known dtypes, whole non-negative numbers, lengths that
 * match shapes, ranges inside the file that don't overlap.
 */
export function parseHeader(path: string, text: string, dataStart: number, fileSize: number): TensorEntry[] {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new TuskError('checkpoint-damaged', `${basename(path)}: its header isn't JSON.`, { cause });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw damaged(path, `its header isn't a JSON object`);
  }
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => parseEntry(path, name, value, dataStart, fileSize));
  entries.sort((a, b) => a.offset - b.offset);
  for (let i = 1; i < entries.length; i++) {
    const [before, after] = [entries[i - 1]!, entries[i]!];
    if (before.offset + before.length > after.offset) {
      throw damaged(path, `the tensors "${before.name}" and "${after.name}" overlap`);
    }
  }
  return entries;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function parseEntry(
  path: string,
  name: string,
  value: unknown,
  dataStart: number,
  fileSize: number,
): TensorEntry {
  const { dtype, shape, data_offsets: range } = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    throw new TuskError(
      'checkpoint-unsupported',
      `${basename(path)}: the tensor "${name}" has the unknown dtype ${JSON.stringify(dtype)}.`,
      {
        hint: `Tusk reads ${Object.keys(DTYPE_BYTES).join(', ')}.`,
      },
    );
  }
  if (!Array.isArray(shape) || !shape.every(isCount))
    throw damaged(path, `the tensor "${name}" has no valid shape`);
  if (!Array.isArray(range) || range.length !== 2 || !range.every(isCount)) {
    throw damaged(path, `the tensor "${name}" has no valid data range`);
  }
  const [begin, end] = range as [number, number];
  const length = shape.reduce((n: number, d: number) => n * d, DTYPE_BYTES[dtype as Dtype]);
  if (end < begin || dataStart + end > fileSize) {
    throw damaged(
      path,
      `the tensor "${name}" lies at ${begin}..${end}, outside the file's ${fileSize - dataStart} data bytes`,
    );
  }
  if (end - begin !== length) {
    throw damaged(
      path,
      `the tensor "${name}" of shape [${shape}] needs ${length} bytes, its range has ${end - begin}`,
    );
  }
  return { name, dtype: dtype as Dtype, shape, path, offset: dataStart + begin, length };
}

/** One tensor's values as numbers, widened to float32 (floats) or kept as int32 / uint8. */
export async function readTensor(entry: TensorEntry): Promise<Float32Array | Int32Array | Uint8Array> {
  const file = await openForReading(entry.path);
  try {
    const bytes = await readBytes(file, entry.offset, entry.length);
    if (bytes.length !== entry.length)
      throw damaged(entry.path, `it ended inside the tensor "${entry.name}"`);
    return decodeTensor(entry, bytes);
  } finally {
    await file.close();
  }
}

function decodeTensor(entry: TensorEntry, bytes: Buffer): Float32Array | Int32Array | Uint8Array {
  const aligned = new Uint8Array(bytes).buffer;
  switch (entry.dtype) {
    case 'F32':
      return new Float32Array(aligned);
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(aligned));
    case 'F16':
      return float16ToFloat32(new Uint16Array(aligned));
    case 'I32':
      return new Int32Array(aligned);
    case 'U8':
    case 'BOOL':
      return new Uint8Array(aligned);
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

function float16ToFloat32(source: Uint16Array): Float32Array {
  return Float32Array.from(source, halfToNumber);
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
