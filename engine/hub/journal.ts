/**
 * What a download has on disk, beside its files: the pinned commit, and for each file the parts that are there. It is
 * written after the bytes it speaks of are, so a kill costs at most what came since.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../files.ts';
import type { Listing } from './listing.ts';

const NAME = '.tusk-download.json';
/** A connection fetches this much of a file at a time. */
const PART_BYTES = 32 * 2 ** 20;

const count = z.number().int().nonnegative();
const fileState = z.object({
  /** Of the answers so far: another one means another file. */
  etag: z.string().nullable(),
  /** Bytes that are there, from the start of each part. */
  parts: z.array(count),
  /** The hash was found right. */
  verified: z.boolean(),
});
export type FileState = z.infer<typeof fileState>;
const schema = z.object({
  repository: z.string(),
  commit: z.string(),
  partBytes: count,
  files: z.record(z.string(), fileState),
});

export class Journal {
  private constructor(
    private readonly folder: string,
    private readonly state: z.infer<typeof schema>,
  ) {}

  /** The state of an earlier try at the same commit; anything else starts anew. */
  static async open(
    folder: string,
    repository: string,
    { commit, files }: Listing,
    partBytes = PART_BYTES,
  ): Promise<Journal> {
    const found = await readState(folder);
    const isSame =
      found?.repository === repository && found.commit === commit && found.partBytes === partBytes;
    const journal = new Journal(folder, isSame ? found : { repository, commit, partBytes, files: {} });
    for (const { name, sizeBytes } of files) journal.state.files[name] ??= emptyState(sizeBytes, partBytes);
    return journal;
  }

  get partBytes(): number {
    return this.state.partBytes;
  }

  file(name: string): FileState {
    return this.state.files[name]!;
  }

  /** Forgets what is there of a file. */
  reset(name: string, sizeBytes: number): void {
    Object.assign(this.file(name), emptyState(sizeBytes, this.partBytes));
  }

  /** @param sync makes the bytes the state speaks of safe before it is written. */
  async save(sync: () => Promise<unknown>): Promise<void> {
    const text = JSON.stringify(this.state);
    await sync();
    await writeWhole(join(this.folder, NAME), new TextEncoder().encode(text));
  }
}

/** Once the folder is in place: a move that fails costs no download. */
export const removeJournal = (folder: string): Promise<void> => rm(join(folder, NAME), { force: true });

export const doneBytes = ({ parts }: FileState): number => parts.reduce((sum, bytes) => sum + bytes, 0);

const emptyState = (sizeBytes: number, partBytes: number): FileState => ({
  etag: null,
  parts: new Array<number>(Math.max(1, Math.ceil(sizeBytes / partBytes))).fill(0),
  verified: false,
});

/** A journal that can't be read is none: the files are fetched again. */
async function readState(folder: string): Promise<z.infer<typeof schema> | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(join(folder, NAME), 'utf8')));
  } catch {
    return undefined;
  }
}
