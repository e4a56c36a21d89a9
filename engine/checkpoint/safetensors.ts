/**
 * The safetensors header: 8 bytes little-endian length, JSON of that length, then the tensors' bytes, one after
 * the other without gaps. Only the header is read here; tensors stay on disk until a session maps them or
 * `tensor-values.ts` reads them.
 */
import { basename } from 'node:path';
import { TuskError } from '../errors.ts';
import { type ByteSource, damaged, withFile } from './file.ts';
import { assertNoImpostor, OPENING_BYTES } from './impostors.ts';

/** The format's own limit for a header. */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_RANK = 16;
const LENGTH_BYTES = 8;

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

/** All tensors of one file, in file order. @throws TuskError `checkpoint-missing`, `-damaged`, `-unsupported`. */
export function readSafetensorsHeader(path: string): Promise<TensorEntry[]> {
  return withFile(path, parseSafetensors);
}

/** @throws TuskError `checkpoint-damaged`, `checkpoint-unsupported`. */
export async function parseSafetensors(source: ByteSource): Promise<TensorEntry[]> {
  const { path, sizeBytes } = source;
  const start = await source.read(0, Math.min(sizeBytes, OPENING_BYTES));
  assertNoImpostor(path, start);
  if (sizeBytes < LENGTH_BYTES)
    throw damaged(path, `it has ${sizeBytes} bytes, too few for a safetensors header`);
  const headerBytes = Number(start.readBigUInt64LE(0));
  if (headerBytes > MAX_HEADER_BYTES || LENGTH_BYTES + headerBytes > sizeBytes) {
    throw damaged(
      path,
      `its header claims ${headerBytes} bytes, the file has ${sizeBytes}: cut short or no safetensors file`,
    );
  }
  const text = decodeUtf8(path, await source.read(LENGTH_BYTES, headerBytes));
  return parseHeader(path, text, LENGTH_BYTES + headerBytes, sizeBytes);
}

function decodeUtf8(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw damaged(path, `its header isn't UTF-8`, cause);
  }
}

/**
 * Checks a header's JSON text against the file's size: known dtypes, whole non-negative numbers, lengths that
 * match shapes, ranges that fill the file without gap or overlap.
 * @param dataStart where the tensors' bytes begin, in bytes from the start of the file
 */
function parseHeader(path: string, text: string, dataStart: number, fileSize: number): TensorEntry[] {
  const entries = Object.entries(parseObject(path, text))
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => parseEntry(path, name, value, dataStart, fileSize))
    .sort((a, b) => a.offset - b.offset || a.length - b.length);
  assertContiguous(path, entries, dataStart, fileSize);
  return entries;
}

function parseObject(path: string, text: string): object {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, `its header isn't JSON`, cause);
  }
  if (typeof header === 'object' && header !== null && !Array.isArray(header)) return header;
  throw damaged(path, `its header isn't a JSON object`);
}

function assertContiguous(
  path: string,
  entries: readonly TensorEntry[],
  dataStart: number,
  fileSize: number,
): void {
  let end = dataStart;
  let before = 'the header';
  for (const { name, offset, length } of entries) {
    if (offset < end) throw damaged(path, `the tensor "${name}" overlaps ${before}`);
    if (offset > end) throw damaged(path, `there is a gap between ${before} and the tensor "${name}"`);
    end = offset + length;
    before = `the tensor "${name}"`;
  }
  if (end !== fileSize) throw damaged(path, `${fileSize - end} bytes after ${before} belong to no tensor`);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isShape = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= MAX_RANK && value.every(isCount);
const isRange = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every(isCount);

function parseEntry(
  path: string,
  name: string,
  value: unknown,
  dataStart: number,
  fileSize: number,
): TensorEntry {
  const { dtype, shape, data_offsets: range } = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) throw unknownDtype(path, name, dtype);
  if (!isShape(shape)) throw damaged(path, `the tensor "${name}" has no valid shape`);
  if (!isRange(range)) throw damaged(path, `the tensor "${name}" has no valid data range`);
  const [begin, end] = range;
  if (end < begin || dataStart + end > fileSize) {
    throw damaged(
      path,
      `the tensor "${name}" lies at ${begin}..${end}, outside the file's ${fileSize - dataStart} data bytes`,
    );
  }
  const length = shape.reduce((n, d) => n * d, DTYPE_BYTES[dtype as Dtype]);
  if (end - begin !== length) {
    throw damaged(
      path,
      `the tensor "${name}" of shape [${shape}] needs ${length} bytes, its range has ${end - begin}`,
    );
  }
  return { name, dtype: dtype as Dtype, shape, path, offset: dataStart + begin, length };
}

const unknownDtype = (path: string, name: string, dtype: unknown) =>
  new TuskError(
    'checkpoint-unsupported',
    `${basename(path)}: the tensor "${name}" has the unknown dtype ${JSON.stringify(dtype)}.`,
    { hint: `Tusk reads ${Object.keys(DTYPE_BYTES).join(', ')}.` },
  );
