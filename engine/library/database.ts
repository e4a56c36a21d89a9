/**
 * The one connection to the library's SQLite file. It holds the file exclusively: a second Tusk is told so instead
 * of writing beside this one, and a kill leaves no lock behind.
 *
 * Every value bound is a checked scalar: libsql 0.5 ends the whole process when it is given anything else.
 */
import Sqlite from 'libsql';
import { TuskError } from '../errors.ts';
import { log } from '../log.ts';

export type Scalar = string | number | null;
export type Row = Record<string, Scalar>;
type Statement = { run(values: Scalar[]): unknown; all(values: Scalar[]): Row[] };

const BUSY_TIMEOUT_MS = 300;

export class Database {
  private readonly statements = new Map<string, Statement>();
  private depth = 0;

  private constructor(private readonly sqlite: Sqlite.Database) {}

  /** @throws TuskError `library-locked`, `library-read-only`; SqliteError or Error if the file is damaged or no database. */
  static open(path: string): Database {
    if (path.includes('\0')) throw new TuskError('bad-request', 'The library path contains a NUL character.');
    const sqlite = new Sqlite(path, { timeout: BUSY_TIMEOUT_MS });
    const database = new Database(sqlite);
    try {
      database.all('PRAGMA locking_mode=EXCLUSIVE');
      database.assertSound();
      for (const pragma of ['journal_mode=WAL', 'synchronous=FULL']) database.all(`PRAGMA ${pragma}`);
      database.execute('BEGIN IMMEDIATE; COMMIT');
    } catch (cause) {
      sqlite.close();
      throw explain(cause);
    }
    return database;
  }

  /** Opens for reading what can be read: nothing is checked, nothing is written. */
  static openDamaged(path: string): Database {
    return new Database(new Sqlite(path, { timeout: BUSY_TIMEOUT_MS }));
  }

  get schemaVersion(): number {
    return Number(this.all('PRAGMA user_version')[0]?.user_version ?? 0);
  }

  run(sql: string, values: readonly Scalar[] = []): void {
    try {
      this.prepared(sql).run(checked(values));
    } catch (cause) {
      throw explain(cause);
    }
  }

  all(sql: string, values: readonly Scalar[] = []): Row[] {
    try {
      return this.prepared(sql).all(checked(values));
    } catch (cause) {
      throw explain(cause);
    }
  }

  first(sql: string, values: readonly Scalar[] = []): Row | undefined {
    return this.all(sql, values)[0];
  }

  /** Several statements without values. */
  execute(sql: string): void {
    try {
      this.sqlite.exec(sql);
    } catch (cause) {
      throw explain(cause);
    }
  }

  /** All or nothing, on disk when it returns. Inside another transaction it is part of that one. */
  transaction<T>(work: () => T): T {
    if (this.depth > 0) return work();
    this.begin();
    try {
      const result = work();
      this.run('COMMIT');
      return result;
    } catch (cause) {
      if (this.sqlite.inTransaction) this.sqlite.exec('ROLLBACK');
      throw cause;
    } finally {
      this.depth = 0;
    }
  }

  /** Gives the file back at once: libsql itself holds it until its statements are collected as garbage. */
  close(): void {
    try {
      for (const pragma of ['journal_mode=DELETE', 'locking_mode=NORMAL', 'user_version'])
        this.all(`PRAGMA ${pragma}`);
    } catch (thrown) {
      log.debug(`closing a damaged library: ${thrown}`);
    }
    this.statements.clear();
    this.sqlite.close();
  }

  /** Before anything is written. @throws Error naming the first damage. */
  private assertSound(): void {
    const verdict = String(this.first('PRAGMA quick_check(1)')?.quick_check);
    if (verdict !== 'ok') throw new Error(verdict);
  }

  private begin(): void {
    this.run('BEGIN IMMEDIATE');
    this.depth = 1;
  }

  private prepared(sql: string): Statement {
    const known = this.statements.get(sql);
    if (known) return known;
    const statement = this.sqlite.prepare(sql) as unknown as Statement;
    this.statements.set(sql, statement);
    return statement;
  }
}

/** @throws TuskError `internal` for a value SQLite could not keep as it is. */
function checked(values: readonly Scalar[]): Scalar[] {
  for (const value of values) {
    const isScalar = value === null || typeof value === 'string' || Number.isFinite(value);
    if (!isScalar) throw new TuskError('internal', `A ${typeof value} can't be kept in the library.`);
  }
  return [...values];
}

const REASONS: readonly (readonly [pattern: RegExp, make: () => TuskError])[] = [
  [
    /^SQLITE_BUSY|^SQLITE_LOCKED/,
    () =>
      new TuskError('library-locked', 'The library is in use by another program.', {
        hint: 'Close the other Tusk window, or choose another library folder.',
      }),
  ],
  [
    /^SQLITE_READONLY|^SQLITE_CANTOPEN|^SQLITE_PERM/,
    () =>
      new TuskError('library-read-only', "The library can't be written.", {
        hint: 'Check that its folder exists and that you may write in it.',
      }),
  ],
  [
    /^SQLITE_FULL|^SQLITE_IOERR/,
    () =>
      new TuskError('file-write', "The library can't be written: the disk is full or failing.", {
        hint: 'Free some space and try again; what was saved before is safe.',
      }),
  ],
];

/** SqliteErrors people can act on become TuskErrors; others stay as they are. */
function explain(thrown: unknown): unknown {
  const code = String((thrown as { code?: unknown } | null)?.code ?? '');
  return REASONS.find(([pattern]) => pattern.test(code))?.[1]() ?? thrown;
}
