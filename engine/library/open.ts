/**
 * Opens the library's database whatever state it is in: a newer one is refused untouched, a damaged one is kept
 * aside and what can be read of it goes into a new one, pictures it doesn't know are taken in from their files.
 */
import { copyFile, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TuskError } from '../errors.ts';
import { syncFolder, writeWhole } from '../files.ts';
import { log } from '../log.ts';
import type { Failure } from '../studio-protocol.ts';
import { Database } from './database.ts';
import { salvage } from './salvage.ts';
import { migrate, SCHEMA_VERSION } from './schema.ts';

const NAME = 'library.db';
/** Says the schema where any program can read it. */
const MARKER = 'library.json';
const BROKEN = 'broken';
/** What could be read of a broken database, whole, waiting to take its place. */
const RESCUED = `.${NAME}.rescued`;
/** The main file and SQLite's write-ahead log. */
const ENDINGS = ['', '-wal'];
/** Where a SQLite file keeps `user_version`, four bytes, big-endian. */
const USER_VERSION_OFFSET = 60;

export interface OpenedDatabase {
  database: Database;
  problems: Failure[];
  /** There was none, or it was damaged: picture files may be unknown to it. */
  isNew: boolean;
}

/** @throws TuskError `library-newer`, `library-locked`, `library-read-only`, `file-write`. */
export async function openDatabase(folder: string): Promise<OpenedDatabase> {
  await makeFolder(folder);
  const path = join(folder, NAME);
  await assertNotNewer(folder, path);
  if (await isThere(join(folder, RESCUED))) return replaceBroken(folder, path, 'Its entries');
  try {
    return { ...(await openSound(folder, path)), problems: [] };
  } catch (thrown) {
    if (thrown instanceof TuskError) throw thrown;
    log.warn(`The library is damaged: ${thrown}`);
    return replaceBroken(folder, path, `${await rescue(folder, path)} entries`);
  }
}

/** The schema is stated outside before it changes: from then on an older Tusk keeps its hands off. */
async function openSound(folder: string, path: string): Promise<Omit<OpenedDatabase, 'problems'>> {
  const database = Database.open(path);
  try {
    const isNew = database.schemaVersion === 0;
    if (database.schemaVersion > SCHEMA_VERSION) throw newer(database.schemaVersion);
    await writeMarker(folder);
    migrate(database);
    return { database, isNew };
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

/**
 * What can be read goes into a new database beside the broken one, of which only a copy is opened. Until the new one
 * is whole and has its name, nothing is changed: a kill or a full disk only means to begin again. @returns how many rows.
 */
async function rescue(folder: string, path: string): Promise<number> {
  const copy = join(folder, `.${NAME}.copy`);
  const made = join(folder, `.${NAME}.rescue`);
  try {
    for (const ending of ENDINGS) await ifThere(copyFile(path + ending, copy + ending));
    await removeDatabase(made);
    const database = Database.open(made);
    let rows: number;
    try {
      migrate(database);
      rows = salvage(copy, database);
    } finally {
      database.close();
    }
    await rename(made, join(folder, RESCUED));
    return rows;
  } catch (cause) {
    throw new TuskError(
      'file-write',
      `The library is damaged, and what is left of it can't be written: ${reasonOf(cause)}.`,
      {
        hint: 'Free some space and start again; until then nothing is changed.',
        cause,
      },
    );
  } finally {
    await removeDatabase(made);
    await removeDatabase(copy);
  }
}

/** @param what could be read */
async function replaceBroken(folder: string, path: string, what: string): Promise<OpenedDatabase> {
  const aside = join(folder, BROKEN, new Date().toISOString().replace(/\D/g, ''));
  await mkdir(aside, { recursive: true });
  for (const ending of ENDINGS) await ifThere(rename(path + ending, join(aside, NAME + ending)));
  await rm(`${path}-shm`, { force: true });
  await rename(join(folder, RESCUED), path);
  await syncFolder(folder);
  const { database } = await openSound(folder, path);
  const message = `The library was damaged. ${what} could be read; pictures were taken in from their files.`;
  const hint = `The damaged file is kept in the library folder under ${BROKEN}.`;
  return { database, problems: [{ code: 'library-damaged', message, hint }], isNew: true };
}

const reasonOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '');

async function removeDatabase(path: string): Promise<void> {
  for (const ending of [...ENDINGS, '-shm', '-journal']) await rm(path + ending, { force: true });
}

/** Looks without opening the database: opening it could change its bytes. */
async function assertNotNewer(folder: string, path: string): Promise<void> {
  const marker = await readFile(join(folder, MARKER), 'utf8').catch(() => '{}');
  const [, stated] = /"schema":\s*(\d+)/.exec(marker) ?? [];
  const version = Math.max(Number(stated ?? 0), await versionInHeader(path));
  if (version > SCHEMA_VERSION) throw newer(version);
}

async function versionInHeader(path: string): Promise<number> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return 0;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(100), 0, 100, 0);
    const isSqlite = bytesRead === 100 && buffer.toString('latin1', 0, 15) === 'SQLite format 3';
    return isSqlite ? buffer.readUInt32BE(USER_VERSION_OFFSET) : 0;
  } finally {
    await file.close();
  }
}

async function makeFolder(folder: string): Promise<void> {
  if (folder.includes('\0')) throw new TuskError('bad-request', 'The library folder has a NUL in its name.');
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw readOnly(folder, cause);
  });
  if (!(await stat(folder)).isDirectory()) throw readOnly(folder, undefined);
}

async function writeMarker(folder: string): Promise<void> {
  const marker = join(folder, MARKER);
  const text = `${JSON.stringify({ tusk: 'library', schema: SCHEMA_VERSION })}\n`;
  const before = await readFile(marker, 'utf8').catch(() => '');
  if (before !== text) await writeWhole(marker, Buffer.from(text)).catch(() => undefined);
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const ifThere = (step: Promise<void>): Promise<void> =>
  step.catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
  });

function newer(version: number): TuskError {
  return new TuskError('library-newer', `The library was made by a newer Tusk (schema ${version}).`, {
    hint: 'Update Tusk, or choose another library folder. Nothing was changed.',
  });
}

function readOnly(folder: string, cause: unknown): TuskError {
  return new TuskError('library-read-only', `The library folder ${folder} can't be made or written.`, {
    hint: 'Check that you may write there, or choose another folder.',
    cause,
  });
}
