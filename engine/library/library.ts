/** Everything made or brought in, in one folder: a SQLite file and picture files. */
import type { Failure } from '../studio-protocol.ts';
import { Chats } from './chats.ts';
import type { Database } from './database.ts';
import { Jobs } from './jobs.ts';
import { openDatabase } from './open.ts';
import { Pictures } from './pictures.ts';
import { adoptPictures } from './salvage.ts';
import { Values } from './values.ts';
import { Versions } from './versions.ts';

export class Library {
  readonly chats: Chats;
  readonly versions: Versions;
  readonly jobs: Jobs;
  readonly values: Values;

  private constructor(
    readonly folder: string,
    private readonly database: Database,
    readonly pictures: Pictures,
    /** What was wrong when it was opened. */
    readonly problems: Failure[],
  ) {
    this.chats = new Chats(database);
    this.versions = new Versions(database);
    this.jobs = new Jobs(database);
    this.values = new Values(database);
  }

  /** @throws TuskError `library-newer`, `library-locked`, `library-read-only`, `file-write`. */
  static async open(folder: string): Promise<Library> {
    const { database, problems, isNew } = await openDatabase(folder);
    const library = new Library(folder, database, await Pictures.open(folder), problems);
    await library.adopt(isNew);
    return library;
  }

  /** All or nothing, on disk when it returns. */
  transaction<T>(work: () => T): T {
    return this.database.transaction(work);
  }

  /** New pictures with their entries: without the entries the files go again, or they would come back as strangers. */
  async orWithoutPictures<T>(ids: readonly string[], work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      for (const id of ids) await this.pictures.remove(id);
      throw thrown;
    }
  }

  /** A kill between a picture's file and its entry leaves a file alone, too. */
  private async adopt(isNew: boolean): Promise<void> {
    const adopted = await adoptPictures(this.pictures, this.versions);
    if (adopted > 0 && isNew && this.problems.length === 0)
      this.problems.push({
        code: 'library-damaged',
        message: `The library's list was missing. ${adopted} pictures were taken in from their files.`,
        hint: null,
      });
  }

  close(): void {
    this.database.close();
  }
}
