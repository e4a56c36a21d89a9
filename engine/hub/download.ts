/**
 * A repository of a model hub to a checkpoint folder. Everything is fetched into `<folder>.part`; the folder itself
 * appears when every file is there and has the listed hash. A try that ends early, whatever the reason, leaves what
 * it fetched, and the next one goes on from there.
 */
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CancelledError, TuskError, throwIfCancelled } from '../errors.ts';
import { assertRepository, DEFAULT_ENDPOINT, parseEndpoint } from './address.ts';
import { doneBytes, Journal, removeJournal } from './journal.ts';
import { listRepository } from './listing.ts';
import { lockFolder } from './lock.ts';
import { Pace } from './pace.ts';
import { assertNew, assertRoom, moveInPlace } from './space.ts';
import { FileTransfer, type Task } from './transfer.ts';
import { Web } from './web.ts';

const CONNECTIONS = 4;
const FIRST_WAIT_MS = 500;
const SAVE_EVERY_MS = 1_000;

export interface DownloadProgress {
  doneBytes: number;
  totalBytes: number;
  /** Over the last seconds; 0 before there is one. */
  bytesPerSecond: number;
}

export interface DownloadOptions {
  repository: string;
  /** The checkpoint folder to make. */
  folder: string;
  endpoint?: string | undefined;
  /** Branch, tag or commit. Default main. */
  revision?: string | undefined;
  token?: string | undefined;
  connections?: number;
  /** How much one connection fetches at a time. Default 32 MiB. */
  partBytes?: number;
  /** Before a connection that brought nothing is tried again. Default 500; it doubles each time. */
  firstWaitMs?: number;
  /** Pauses: ends with CancelledError, everything fetched is kept. */
  signal?: AbortSignal;
  onProgress?: (progress: DownloadProgress) => void;
  /** Told of every request, for the network ledger. */
  onCall?: (address: string, sizeBytes: number) => void;
}

/**
 * @returns the folder's absolute path
 * @throws CancelledError; TuskError `bad-setting`, `not-found`, `download-failed`, `disk-full`, `file-write`
 */
export async function downloadRepository(options: DownloadOptions): Promise<string> {
  assertRepository(options.repository);
  const endpoint = parseEndpoint(options.endpoint ?? DEFAULT_ENDPOINT);
  const folder = resolve(options.folder);
  await assertNew(folder);
  const unlock = await lockFolder(folder);
  const web = new Web(endpoint, options.token, options.onCall);
  try {
    await fetchInto(`${folder}.part`, web, options);
    await moveInPlace(`${folder}.part`, folder);
    await removeJournal(folder);
    return folder;
  } catch (thrown) {
    throw options.signal?.aborted ? new CancelledError() : thrown;
  } finally {
    await web.close();
    await unlock();
  }
}

async function fetchInto(folder: string, web: Web, options: DownloadOptions): Promise<void> {
  const { repository, revision = 'main', firstWaitMs = FIRST_WAIT_MS, signal } = options;
  const listing = await listRepository(web, repository, revision, signal);
  const journal = await Journal.open(folder, repository, listing, options.partBytes);
  const totalBytes = listing.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const present = listing.files.reduce((sum, { name }) => sum + doneBytes(journal.file(name)), 0);
  await assertRoom(folder, totalBytes - present);
  const pace = new Pace(present, totalBytes, options.onProgress);
  pace.tell();
  const transfers = listing.files.map((file) => {
    const path = `/${repository}/resolve/${listing.commit}/${encodeURIComponent(file.name)}`;
    return new FileTransfer(
      web,
      web.address(path),
      join(folder, file.name),
      file,
      journal,
      firstWaitMs,
      pace.add,
    );
  });
  const pending = transfers.filter(({ file }) => !journal.file(file.name).verified);
  await withSaving(journal, pending, () => fetchAll(pending, options));
  pace.tell();
}

/** Runs `work`, saving the journal on the way and at the end, however it ends. */
async function withSaving(
  journal: Journal,
  transfers: readonly FileTransfer[],
  work: () => Promise<void>,
): Promise<void> {
  let saving = Promise.resolve();
  const save = () => {
    saving = saving.then(() => journal.save(() => Promise.all(transfers.map((transfer) => transfer.sync()))));
    saving.catch(() => {});
  };
  const timer = setInterval(save, SAVE_EVERY_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
    await saving.catch(() => {});
    await Promise.all(transfers.map((transfer) => transfer.close().catch(() => {})));
    await journal.save(async () => {});
  }
}

/** Several workers, each taking the next part of the first file that has one. The first failure ends all. */
async function fetchAll(transfers: readonly FileTransfer[], options: DownloadOptions): Promise<void> {
  const controller = new AbortController();
  const signal = AbortSignal.any([controller.signal, ...(options.signal ? [options.signal] : [])]);
  const workers = Array.from({ length: options.connections ?? CONNECTIONS }, async () => {
    try {
      await work(transfers, signal);
    } catch (thrown) {
      controller.abort();
      throw thrown;
    }
  });
  const ends = await Promise.allSettled(workers);
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  const reason = failures.find((failure) => failure instanceof TuskError && failure.code !== 'cancelled');
  if (failures.length > 0) throw reason ?? failures[0];
}

const POLL_MS = 20;

async function work(transfers: readonly FileTransfer[], signal: AbortSignal): Promise<void> {
  for (;;) {
    throwIfCancelled(signal);
    const open = transfers.filter(({ isFinished }) => !isFinished);
    if (open.length === 0) return;
    const task = firstTask(open);
    if (task) await task(signal);
    else await wait(POLL_MS);
  }
}

function firstTask(transfers: readonly FileTransfer[]): Task | undefined {
  for (const transfer of transfers) {
    const task = transfer.take();
    if (task) return task;
  }
  return undefined;
}
