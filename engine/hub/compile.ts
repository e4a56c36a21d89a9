/**
 * A checkpoint to one that reads faster: the same layout, but the large matrices as small whole numbers (see
 * models/quantisation.ts) and everything else as it was. Written tensor by tensor, so memory doesn't grow with the
 * checkpoint; a try that ended early, by a power cut too, is gone on with; the folder appears when all is there. It
 * needs the source no more.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { type ByteSource, withFile } from '../checkpoint/file.ts';
import { fingerprint } from '../checkpoint/fingerprint.ts';
import type { TensorEntry } from '../checkpoint/safetensors.ts';
import { readValues } from '../checkpoint/tensor-values.ts';
import { encodeHeader } from '../checkpoint/write-safetensors.ts';
import { CancelledError, TuskError, throwIfCancelled } from '../errors.ts';
import { copyWhole, writeAll, writeWhole } from '../files.ts';
import { INT4_BLOCK, precisionOf } from '../models/quantisation.ts';
import { inspectFolder } from './inspect.ts';
import { type Quantised, toInt4, toInt8 } from './quantise.ts';
import { assertNew, assertRoom, moveInPlace, writeFailure } from './space.ts';

/** Changes whenever the same source would give other bytes. */
const RECIPE = 'int4-128 int8-row 2';
const WEIGHTS = 'model.safetensors';
const NOTES = 'compiled.json';
/** Values of a large matrix that are in memory at once. */
const PIECE_VALUES = 32 * 2 ** 20;
const COPY_BYTES = 64 * 2 ** 20;
/** After so many bytes what was written is made safe from a power cut; a later try goes on from there. */
const SAFE_BYTES = 64 * 2 ** 20;

export interface CompileOptions {
  source: string;
  folder: string;
  signal?: AbortSignal;
  onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface Compiled {
  folder: string;
  sourceBytes: number;
  compiledBytes: number;
  /** Root mean square of the rounding, relative to the weights', by precision. */
  errors: Partial<Record<'int4' | 'int8', number>>;
}

interface Part {
  name: string;
  dtype: string;
  shape: readonly number[];
  length: number;
}

/** One tensor of the source and what becomes of it, in file order. */
interface Job {
  entry: TensorEntry;
  parts: Part[];
  /** Where its bytes begin in the compiled file's data. */
  begin: number;
}

/** @throws CancelledError; TuskError of `inspectFolder`, `bad-setting`, `disk-full`, `file-write` */
export async function compileCheckpoint(options: CompileOptions): Promise<Compiled> {
  const folder = resolve(options.folder);
  await assertNew(folder);
  const { files } = await inspectFolder(options.source);
  const checkpoint = await Checkpoint.open(options.source);
  if ([...checkpoint.tensors].some(({ name }) => /\.int[48]$/.test(name)))
    throw new TuskError('bad-setting', 'The checkpoint is compiled already.', { hint: 'Use it as it is.' });
  const jobs = planJobs([...checkpoint.tensors]);
  const last = jobs.at(-1)!;
  const compiledBytes = last.begin + bytesOf(last);
  const temporary = `${folder}.part`;
  const present = await sizeOf(join(temporary, WEIGHTS));
  await assertRoom(temporary, Math.max(0, compiledBytes - present));
  const key = createHash('sha256')
    .update(RECIPE)
    .update(await fingerprint(checkpoint))
    .digest('hex');
  try {
    const errors = await writeWeights(temporary, jobs, key, options);
    for (const { name, path } of files)
      if (!/\.safetensors(\.index\.json)?$/.test(name)) await copyWhole(path, join(temporary, name));
    const notes = { recipe: RECIPE, source: await fingerprint(checkpoint), errors };
    await writeWhole(join(temporary, NOTES), new TextEncoder().encode(JSON.stringify(notes, null, 2)));
    await moveInPlace(temporary, folder);
    const sourceBytes = jobs.reduce((sum, { entry }) => sum + entry.length, 0);
    return { folder, sourceBytes, compiledBytes, errors };
  } catch (thrown) {
    throw thrown instanceof TuskError ? thrown : writeFailure(folder, thrown);
  }
}

function planJobs(entries: readonly TensorEntry[]): Job[] {
  let begin = 0;
  return entries.map((entry) => {
    const job = { entry, parts: partsOf(entry), begin };
    begin += bytesOf(job);
    return job;
  });
}

const bytesOf = ({ parts }: Pick<Job, 'parts'>): number => parts.reduce((sum, { length }) => sum + length, 0);

function partsOf({ name, dtype, shape, length }: TensorEntry): Part[] {
  const precision = precisionOf(name);
  const [rows = 0, inWidth = 0] = shape;
  if (precision === 'int4') {
    const blocks = Math.ceil(inWidth / INT4_BLOCK);
    const numbers = [rows, blocks, INT4_BLOCK / 2];
    return [
      { name: `${name}.int4`, dtype: 'U8', shape: numbers, length: rows * blocks * (INT4_BLOCK / 2) },
      { name: `${name}.int4_scale`, dtype: 'F32', shape: [rows * blocks], length: rows * blocks * 4 },
    ];
  }
  if (precision === 'int8')
    return [
      { name: `${name}.int8`, dtype: 'I8', shape: [inWidth, rows], length: rows * inWidth },
      { name: `${name}.int8_scale`, dtype: 'F32', shape: [rows], length: rows * 4 },
    ];
  return [{ name, dtype, shape, length }];
}

type Sums = Record<'int4' | 'int8', { squares: number; total: number }>;

/** The file's header carries the key: a part of another source, or of another recipe, is begun anew. */
async function writeWeights(
  folder: string,
  jobs: readonly Job[],
  key: string,
  { signal, onProgress }: CompileOptions,
): Promise<Compiled['errors']> {
  const path = join(folder, WEIGHTS);
  const header = encodeHeader(
    jobs.flatMap(({ parts }) => parts),
    { compiled: key },
  );
  const done = await safeJobs(path, header, jobs);
  const file = await open(path, done > 0 ? 'r+' : 'w');
  const sums: Sums = { int4: { squares: 0, total: 0 }, int8: { squares: 0, total: 0 } };
  const total = jobs.reduce((sum, { entry }) => sum + entry.length, 0);
  let read = 0;
  try {
    if (done === 0) await writeAll(file, header, 0);
    for (const [i, job] of jobs.entries()) {
      throwIfCancelled(signal);
      if (i > done && isMark(jobs, i)) await file.datasync();
      if (i >= done) await writeJob(file, header.length, job, sums);
      read += job.entry.length;
      onProgress?.(read, total);
    }
    await file.sync();
  } catch (thrown) {
    throw signal?.aborted ? new CancelledError() : thrown;
  } finally {
    await file.close();
  }
  const share = ({ squares, total }: Sums['int4']) => Math.sqrt(squares / total);
  return {
    ...(sums.int4.total > 0 && { int4: share(sums.int4) }),
    ...(sums.int8.total > 0 && { int8: share(sums.int8) }),
  };
}

/** Everything before these is safe before their first byte is written. */
const isMark = (jobs: readonly Job[], i: number): boolean =>
  i === 0 || Math.floor(jobs[i]!.begin / SAFE_BYTES) > Math.floor(jobs[i - 1]!.begin / SAFE_BYTES);

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0;

/** How many tensors of an earlier try are safe. Later ones may be torn: they are written again. */
async function safeJobs(path: string, header: Buffer, jobs: readonly Job[]): Promise<number> {
  const size = await sizeOf(path);
  if (size < header.length) return 0;
  const found = await withFile(path, (source) => source.read(0, header.length));
  if (!found.equals(header)) return 0;
  let safe = jobs.findIndex((job) => header.length + job.begin + bytesOf(job) >= size);
  while (safe > 0 && !isMark(jobs, safe)) safe -= 1;
  return Math.max(0, safe);
}

function writeJob(
  file: FileHandle,
  dataStart: number,
  { entry, parts, begin }: Job,
  sums: Sums,
): Promise<void> {
  const precision = precisionOf(entry.name);
  const at = dataStart + begin;
  return withFile(entry.path, async (source) => {
    if (!precision) return copyTensor(file, at, entry, source);
    const inWidth = entry.shape[1]!;
    const rowsAtOnce =
      precision === 'int8' ? entry.shape[0]! : Math.max(1, Math.floor(PIECE_VALUES / inWidth));
    const positions = [at, at + parts[0]!.length];
    for (let row = 0; row < entry.shape[0]!; row += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, entry.shape[0]! - row);
      const values = await readValues(source, entry, row * inWidth, rows * inWidth);
      const quantised = precision === 'int4' ? toInt4(values, inWidth) : toInt8(values, inWidth);
      await writeQuantised(file, positions, quantised);
      sums[precision].squares += quantised.error.squares;
      sums[precision].total += quantised.error.total;
    }
  });
}

/** @param positions where numbers and scales go on; moved on */
async function writeQuantised(
  file: FileHandle,
  positions: number[],
  { numbers, scales }: Quantised,
): Promise<void> {
  for (const [i, bytes] of [numbers, new Uint8Array(scales.buffer)].entries()) {
    await writeAll(file, bytes, positions[i]!);
    positions[i] = positions[i]! + bytes.length;
  }
}

async function copyTensor(
  file: FileHandle,
  at: number,
  entry: TensorEntry,
  source: ByteSource,
): Promise<void> {
  for (let done = 0; done < entry.length; done += COPY_BYTES) {
    const bytes = await source.read(entry.offset + done, Math.min(COPY_BYTES, entry.length - done));
    await writeAll(file, bytes, at + done);
  }
}
