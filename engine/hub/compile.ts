/**
 * A checkpoint to one that reads faster: the same layout, but the large matrices as small whole numbers (see
 * models/quantisation.ts) and everything else as it was. Written tensor by tensor, so memory doesn't grow with the
 * checkpoint; a try that ended early, by a power cut too, is gone on with; the folder appears when all is there. It
 * needs the source no more.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { type ByteSource, withFile } from '../checkpoint/file.ts';
import type { TensorEntry } from '../checkpoint/safetensors.ts';
import { floatsOf, readBytesOf } from '../checkpoint/tensor-values.ts';
import { TINY_DECODER_FILE } from '../checkpoint/weight-files.ts';
import { encodeHeader } from '../checkpoint/write-safetensors.ts';
import { CancelledError, TuskError, throwIfCancelled } from '../errors.ts';
import { copyWhole, writeAll, writeWhole } from '../files.ts';
import { isCompiled } from '../models/compiled-form.ts';
import { type Precision, precisionOf } from '../models/quantisation.ts';
import { bytesOf, type Job, planJobs } from './compile-jobs.ts';
import { CompileReport, errorOf, errorsOf, type TensorReport } from './compile-report.ts';
import { compileSource, compileSourceOf, hashing, joinHashes, keyOf } from './compile-source.ts';
import { inspectFolder } from './inspect.ts';
import { lockFolder } from './lock.ts';
import { integerUnit } from './processor.ts';
import { type Quantised, toInt4, toInt8 } from './quantise.ts';
import { RoundingKernels } from './rounding-kernels.ts';
import { assertNew, assertRoom, moveInPlace, writeFailure } from './space.ts';

const WEIGHTS = 'model.safetensors';
const REPORT = 'compile-report.jsonl';
const NOTES = 'compiled.json';
/** Values of a large matrix that are read at once. */
const PIECE_VALUES = 4 * 2 ** 20;
const COPY_BYTES = 64 * 2 ** 20;
const SAFE_BYTES = 256 * 2 ** 20;

export interface CompileOptions {
  source: string;
  folder: string;
  /** After so many bytes what was written is made safe from a power cut; a later try goes on from there. Default 256 MiB. */
  safeBytes?: number;
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

const errors = z.object({ int4: z.number().optional(), int8: z.number().optional() });

const compileNotes = z.object({
  source: compileSource,
  /** See `joinHashes`. */
  sha256: z.string(),
  /** Root mean square of the rounding, relative to the weights', by precision. */
  errors,
  /** The same of each tensor that was rounded. */
  tensors: z.record(z.string(), z.number()),
});
export type CompileNotes = z.infer<typeof compileNotes>;

export interface Compiled extends Pick<CompileNotes, 'errors' | 'tensors'> {
  folder: string;
  /** Of the weight files. */
  sourceBytes: number;
  compiledBytes: number;
}

/** Undefined for a folder that isn't compiled. */
export async function readNotes(folder: string): Promise<CompileNotes | undefined> {
  try {
    return compileNotes.parse(JSON.parse(await readFile(join(folder, NOTES), 'utf8')));
  } catch {
    return undefined;
  }
}

/** @throws TuskError `checkpoint-missing` if the folder isn't a compiled checkpoint */
export async function readCompiled(folder: string): Promise<Compiled> {
  const notes = await readNotes(folder);
  if (!notes) throw new TuskError('checkpoint-missing', `${folder} holds no compiled checkpoint.`);
  const { source, errors, tensors } = notes;
  const sourceBytes = source.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { folder, sourceBytes, compiledBytes: await sizeOf(join(folder, WEIGHTS)), errors, tensors };
}

export const writeNotes = (folder: string, notes: CompileNotes): Promise<void> =>
  writeWhole(join(folder, NOTES), new TextEncoder().encode(JSON.stringify(notes, null, 2)));

/** @throws CancelledError; TuskError of `inspectFolder`, `bad-setting`, `disk-full`, `file-write` */
export async function compileCheckpoint(options: CompileOptions): Promise<Compiled> {
  const folder = resolve(options.folder);
  const unlock = await lockFolder(folder);
  try {
    await assertNew(folder);
    return await compileInto(folder, options);
  } catch (thrown) {
    throw thrown instanceof TuskError ? thrown : writeFailure(folder, thrown);
  } finally {
    await unlock();
  }
}

async function compileInto(folder: string, options: CompileOptions): Promise<Compiled> {
  const { files } = await inspectFolder(options.source);
  const checkpoint = await Checkpoint.open(options.source);
  const entries = [...checkpoint.tensors];
  if (isCompiled(entries))
    throw new TuskError('bad-setting', 'The checkpoint is compiled already.', { hint: 'Use it as it is.' });
  const jobs = planJobs(entries);
  const last = jobs.at(-1)!;
  const compiledBytes = last.begin + bytesOf(last);
  const temporary = `${folder}.part`;
  const present = await sizeOf(join(temporary, WEIGHTS));
  await assertRoom(temporary, Math.max(0, compiledBytes - present));
  const source = await compileSourceOf(checkpoint);
  const reports = await writeWeights(temporary, jobs, keyOf(source), options);
  for (const { name, path } of files)
    if (name === TINY_DECODER_FILE || !/\.safetensors(\.index\.json)?$/.test(name))
      await copyWhole(path, join(temporary, name));
  const rounded = reports.filter(({ precision }) => precision);
  const notes: CompileNotes = {
    source,
    sha256: joinHashes(
      entries,
      reports.map(({ sha256 }) => sha256),
    ),
    errors: errorsOf(reports),
    tensors: Object.fromEntries(rounded.map((report) => [report.name, errorOf(report)])),
  };
  await writeNotes(temporary, notes);
  await rm(join(temporary, REPORT));
  await moveInPlace(temporary, folder);
  return readCompiled(folder);
}

/** The file's header carries the key: a part of another source, or of another recipe, is begun anew. */
async function writeWeights(
  folder: string,
  jobs: readonly Job[],
  key: string,
  { signal, onProgress, safeBytes = SAFE_BYTES }: CompileOptions,
): Promise<TensorReport[]> {
  const path = join(folder, WEIGHTS);
  const header = encodeHeader(
    jobs.flatMap(({ parts }) => parts),
    { compiled: key },
  );
  const reported = await CompileReport.read(join(folder, REPORT));
  const isMark = marks(jobs, safeBytes);
  let done = Math.min(reported.length, await safeJobs(path, header, jobs));
  while (!isMark(done)) done -= 1;
  const file = await open(path, done > 0 ? 'r+' : 'w');
  const report = await CompileReport.open(join(folder, REPORT), reported.slice(0, done));
  const rounding = { levels: (await integerUnit()).levels, kernels: new RoundingKernels() };
  const total = jobs.reduce((sum, { entry }) => sum + entry.length, 0);
  let read = 0;
  try {
    if (done === 0) await writeAll(file, header, 0);
    for (const [i, job] of jobs.entries()) {
      throwIfCancelled(signal);
      if (i > done && isMark(i)) await Promise.all([file.datasync(), report.sync()]);
      if (i >= done) await report.add(await writeJob(file, header.length, job, rounding));
      read += job.entry.length;
      onProgress?.(read, total);
    }
    await file.sync();
    return report.lines;
  } catch (thrown) {
    throw signal?.aborted ? new CancelledError() : thrown;
  } finally {
    await Promise.all([file.close(), report.close()]);
  }
}

/** Everything before these is safe before their first byte is written. */
const marks =
  (jobs: readonly Job[], safeBytes: number) =>
  (i: number): boolean =>
    i === 0 || Math.floor(jobs[i]!.begin / safeBytes) > Math.floor(jobs[i - 1]!.begin / safeBytes);

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0;

/** How many tensors of an earlier try are there whole. */
async function safeJobs(path: string, header: Buffer, jobs: readonly Job[]): Promise<number> {
  const size = await sizeOf(path);
  if (size < header.length) return 0;
  const found = await withFile(path, (source) => source.read(0, header.length));
  if (!found.equals(header)) return 0;
  return Math.max(
    0,
    jobs.findIndex((job) => header.length + job.begin + bytesOf(job) >= size),
  );
}

interface Rounding {
  levels: number;
  kernels: RoundingKernels;
}

function writeJob(
  file: FileHandle,
  dataStart: number,
  { entry, parts, begin }: Job,
  rounding: Rounding,
): Promise<TensorReport> {
  const precision = precisionOf(entry.name);
  const hash = createHash('sha256');
  const at = dataStart + begin;
  return withFile(entry.path, async (plain) => {
    const source = hashing(plain, hash);
    const report: TensorReport = { name: entry.name, sha256: '', squares: 0, total: 0 };
    if (!precision) await copyTensor(file, at, entry, source);
    else {
      report.precision = precision;
      const positions = [at, at + parts[0]!.length];
      let written = Promise.resolve();
      for await (const { numbers, scales, error } of quantised(source, entry, precision, rounding)) {
        await written;
        written = writeQuantised(file, positions, [numbers, new Uint8Array(scales.buffer)]);
        written.catch(() => {}); // It is awaited, though not if reading fails before.
        report.squares += error.squares;
        report.total += error.total;
      }
      await written;
    }
    return { ...report, sha256: hash.digest('hex') };
  });
}

/** Some rows at a time; a transposed matrix whole. The next ones are read meanwhile. */
async function* quantised(
  source: ByteSource,
  entry: TensorEntry,
  precision: Precision,
  { levels, kernels }: Rounding,
): AsyncGenerator<Quantised> {
  const [allRows = 0, inWidth = 0] = entry.shape;
  const rowsAtOnce = precision === 'int8' ? allRows : Math.max(1, Math.floor(PIECE_VALUES / inWidth));
  const isFast = RoundingKernels.fit(entry.dtype, inWidth, precision);
  const round = (bytes: Buffer<ArrayBuffer>): Quantised => {
    if (precision === 'int4')
      return isFast ? kernels.toInt4(bytes, entry.dtype, inWidth) : toInt4(floatsOf(entry, bytes), inWidth);
    return isFast
      ? kernels.toInt8(bytes, entry.dtype, inWidth, levels)
      : toInt8(floatsOf(entry, bytes), inWidth, levels);
  };
  const read = (row: number) =>
    readBytesOf(source, entry, row * inWidth, Math.min(rowsAtOnce, allRows - row) * inWidth);
  let next = read(0);
  for (let row = 0; row < allRows; row += rowsAtOnce) {
    const bytes = await next;
    if (row + rowsAtOnce < allRows) {
      next = read(row + rowsAtOnce);
      next.catch(() => {}); // It is awaited, though not if these can't be written.
    }
    yield round(bytes);
  }
}

/** @param positions where numbers and scales go on; moved on */
async function writeQuantised(
  file: FileHandle,
  positions: number[],
  parts: readonly Uint8Array[],
): Promise<void> {
  for (const [i, bytes] of parts.entries()) {
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
