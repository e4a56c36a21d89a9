/** Everything made or brought in, in one folder: a SQLite file and picture files. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Failure } from '../studio-protocol.ts';
import { Chats } from './chats.ts';
import { Database } from './database.ts';
import { Jobs } from './jobs.ts';
import { Pictures } from './pictures.ts';
import { migrate } from './schema.ts';
import { Values } from './values.ts';
import { Versions } from './versions.ts';

export const DATABASE_NAME = 'library.db';

export class Library {
  readonly chats: Chats;
  readonly versions: Versions;
  readonly jobs: Jobs;
  readonly values: Values;
  /** What was wrong when it was opened. */
  readonly problems: Failure[] = [];

  private constructor(
    readonly folder: string,
    private readonly database: Database,
    readonly pictures: Pictures,
  ) {
    this.chats = new Chats(database);
    this.versions = new Versions(database);
    this.jobs = new Jobs(database);
    this.values = new Values(database);
  }

  static async open(folder: string): Promise<Library> {
    await mkdir(folder, { recursive: true });
    const database = Database.open(join(folder, DATABASE_NAME));
    migrate(database);
    return new Library(folder, database, await Pictures.open(folder));
  }

  /** All or nothing, on disk when it returns. */
  transaction<T>(work: () => T): T {
    return this.database.transaction(work);
  }

  close(): void {
    this.database.close();
  }
}
