/**
 * One file's way to the disk, part by part, over several connections. The first answer decides how: a server that
 * knows ranges serves all parts at once; one that sends the whole file gets its one stream read to the end, so that
 * nothing is asked for twice.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { TuskError } from '../errors.ts';
import { writeAll } from '../files.ts';
import { hashFile } from './hash.ts';
import { doneBytes, type FileState, type Journal } from './journal.ts';
import type { HubFile } from './listing.ts';
import { piecesOf } from './pieces.ts';
import { writeFailure } from './space.ts';
import type { Web, WebAnswer } from './web.ts';

/** Worth another try: the network or the server failed, nothing says it will again. */
class Interrupted extends Error {}

/** Tries in a row that bring no byte. */
const FRUITLESS_TRIES = 5;

/** Something a worker can do. */
export type Task = (signal: AbortSignal) => Promise<void>;

export class FileTransfer {
  private readonly taken = new Set<number>();
  private opening: Promise<FileHandle> | undefined;
  private answered = false;
  private verifying = false;
  /** The part whose stream carries the whole file. */
  private wholeBy: number | undefined;
  /** Counts how often what was there was forgotten: streams from before end. */
  private generation = 0;

  constructor(
    private readonly web: Web,
    private readonly url: URL,
    private readonly path: string,
    readonly file: HubFile,
    private readonly journal: Journal,
    /** Before the second fruitless try; each further wait is twice as long. */
    private readonly firstWaitMs: number,
    private readonly onBytes: (count: number) => void,
  ) {}

  private get state(): FileState {
    return this.journal.file(this.file.name);
  }

  get isFinished(): boolean {
    return this.state.verified;
  }

  /** What could be done for the file now: a part, or the check of the whole. Undefined: others are at it. */
  take(): Task | undefined {
    if (this.verifying || this.wholeBy !== undefined) return undefined;
    const { parts } = this.state;
    const part = parts.findIndex((bytes, i) => bytes < this.partLength(i) && !this.taken.has(i));
    if (part >= 0) return this.answered || this.taken.size === 0 ? this.partTask(part) : undefined;
    if (this.taken.size > 0) return undefined;
    this.verifying = true;
    return (signal) => this.verify(signal);
  }

  private partTask(part: number): Task {
    this.taken.add(part);
    return async (signal) => {
      try {
        await this.fetchWithRetries(part, signal);
      } finally {
        this.taken.delete(part);
      }
    };
  }

  /** Waits longer after each try that brought nothing. @throws TuskError `download-failed`, `disk-full`, `file-write` */
  private async fetchWithRetries(part: number, signal: AbortSignal): Promise<void> {
    for (let fruitless = 0; ; ) {
      const before = doneBytes(this.state);
      try {
        return await this.fetchPart(part, signal);
      } catch (thrown) {
        if (thrown instanceof TuskError || signal.aborted) throw thrown;
        fruitless = doneBytes(this.state) > before ? 0 : fruitless + 1;
        if (fruitless >= FRUITLESS_TRIES)
          throw this.failed(`the connection fails again and again (${thrown})`);
        if (fruitless > 0) await wait(this.firstWaitMs * 2 ** (fruitless - 1), undefined, { signal });
      } finally {
        if (this.wholeBy === part) this.wholeBy = undefined;
      }
    }
  }

  private async fetchPart(part: number, signal: AbortSignal): Promise<void> {
    const from = part * this.journal.partBytes + this.state.parts[part]!;
    const to = part * this.journal.partBytes + this.partLength(part);
    if (from === to) return;
    this.opening ??= this.open();
    await this.opening;
    const { etag } = this.state;
    const headers = { range: `bytes=${from}-${to - 1}`, ...(etag?.startsWith('"') && { 'if-range': etag }) };
    const answer = await this.web.get(this.url, { headers, signal });
    try {
      if (answer.status === 206) await this.takeRange(answer, part, from, to);
      else if (answer.status === 200) await this.takeWhole(answer, part);
      else throw this.refusal(answer.status);
    } finally {
      answer.body.destroy();
    }
  }

  private async takeRange(answer: WebAnswer, part: number, from: number, to: number): Promise<void> {
    const range = `bytes ${from}-${to - 1}/${this.file.sizeBytes}`;
    const given = answer.header('content-range');
    if (given !== range) throw this.failed(`the server gives "${given}" in place of "${range}"`);
    if (this.noteEtag(answer)) throw new Interrupted('the file changed on the server');
    this.answered = true;
    await this.write(answer, part, from, to);
  }

  /** From the first byte on, whatever was asked for; other streams of this file end. */
  private async takeWhole(answer: WebAnswer, part: number): Promise<void> {
    if (this.wholeBy !== undefined) return;
    const length = answer.header('content-length');
    if (length !== undefined && Number(length) !== this.file.sizeBytes)
      throw this.failed(`the server sends ${length} bytes in place of ${this.file.sizeBytes}`);
    if (/^text\/html/.test(answer.header('content-type') ?? ''))
      throw this.failed('a web page came in its place');
    this.noteEtag(answer);
    this.answered = true;
    this.wholeBy = part;
    await this.write(answer, part, 0, this.file.sizeBytes);
  }

  /** @returns true if it is another file than the parts that are there: they are forgotten. */
  private noteEtag(answer: WebAnswer): boolean {
    const etag = answer.header('etag') ?? null;
    const { hash } = this.file;
    const promised = /^"?([0-9a-f]{64})"?$/.exec(etag ?? '')?.[1];
    if (hash.kind === 'sha256' && promised !== undefined && promised !== hash.hex)
      throw this.failed('the server offers another file than the one listed');
    const known = this.state.etag;
    const changed = known !== null && etag !== null && etag !== known;
    if (changed) {
      this.forget();
    }
    this.state.etag = etag ?? known;
    return changed;
  }

  private async write(answer: WebAnswer, part: number, from: number, to: number): Promise<void> {
    const handle = (await this.opening)!;
    const { generation } = this;
    let position = from;
    for await (const bytes of piecesOf(answer.body)) {
      if (generation !== this.generation || (this.wholeBy ?? part) !== part) return;
      if (position + bytes.length > to) throw this.failed('more bytes came than the file has');
      await writeAll(handle, bytes, position).catch((cause: unknown) => {
        throw writeFailure(this.path, cause);
      });
      this.advance(position, position + bytes.length);
      position += bytes.length;
    }
    if (position < to) throw new Interrupted('the connection ended early');
  }

  /** Notes bytes that are on disk, in every part they touch. */
  private advance(from: number, to: number): void {
    const { parts } = this.state;
    for (let part = Math.floor(from / this.journal.partBytes); part * this.journal.partBytes < to; part++) {
      const reached = Math.min(to - part * this.journal.partBytes, this.journal.partBytes);
      const gained = Math.max(0, reached - parts[part]!);
      parts[part] = parts[part]! + gained;
      this.onBytes(gained);
    }
  }

  private async open(): Promise<FileHandle> {
    try {
      return await open(this.path, constants.O_RDWR | constants.O_CREAT);
    } catch (cause) {
      throw writeFailure(this.path, cause);
    }
  }

  /** What is written is safe from a power cut then. */
  async sync(): Promise<void> {
    await (await this.opening)?.datasync();
  }

  /** @throws TuskError `download-failed` if the hash is wrong: then the file is gone, to be fetched anew. */
  private async verify(signal: AbortSignal): Promise<void> {
    const { hash, sizeBytes } = this.file;
    if (sizeBytes === 0) this.opening ??= this.open();
    await this.close();
    if ((await hashFile(this.path, hash.kind, signal)) !== hash.hex) {
      await rm(this.path, { force: true });
      this.forget();
      throw this.failed('it has the right size but another content than the one listed');
    }
    this.state.verified = true;
  }

  async close(): Promise<void> {
    const { opening } = this;
    this.opening = undefined;
    const handle = await opening;
    try {
      await handle?.datasync();
    } finally {
      await handle?.close();
    }
  }

  private forget(): void {
    this.onBytes(-doneBytes(this.state));
    this.journal.reset(this.file.name, this.file.sizeBytes);
    this.generation += 1;
  }

  private partLength(part: number): number {
    return Math.min(this.journal.partBytes, this.file.sizeBytes - part * this.journal.partBytes);
  }

  private refusal(status: number): Error {
    if (status === 429 || status >= 500) return new Interrupted(`status ${status}`);
    return this.failed(`the server answers with status ${status}`);
  }

  private failed(what: string): TuskError {
    return new TuskError('download-failed', `${this.file.name}: ${what}.`, {
      hint: 'Start the download again; if it fails alike, try another network or endpoint.',
    });
  }
}
