/** Tables of the library, as the steps that led to them. A step, once released, never changes; add another one. */
import type { Database } from './database.ts';

const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE chats (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    deleted_at INTEGER, cover_version_id TEXT
  );
  CREATE TABLE versions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, chat_id TEXT, parent_id TEXT,
    reference_ids TEXT NOT NULL, kind TEXT NOT NULL, prompt TEXT NOT NULL, seed INTEGER, settings TEXT NOT NULL,
    model TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
    duration_ms REAL, created_at INTEGER NOT NULL, starred INTEGER NOT NULL, tags TEXT NOT NULL,
    deleted_at INTEGER, unknown_words TEXT NOT NULL, recipe TEXT
  );
  CREATE INDEX versions_by_time ON versions (deleted_at, created_at DESC, number DESC);
  CREATE INDEX versions_by_chat ON versions (chat_id);
  CREATE TABLE turns (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, chat_id TEXT NOT NULL, role TEXT NOT NULL,
    mode TEXT NOT NULL, text TEXT NOT NULL, version_ids TEXT NOT NULL, job_id TEXT, reply_to_id TEXT,
    created_at INTEGER NOT NULL
  );
  CREATE INDEX turns_by_chat ON turns (chat_id, number);
  CREATE INDEX turns_by_question ON turns (reply_to_id);
  CREATE TABLE jobs (
    id TEXT PRIMARY KEY, place REAL NOT NULL, state TEXT NOT NULL, engine_losses INTEGER NOT NULL,
    chat_id TEXT NOT NULL, turn_id TEXT NOT NULL, version_id TEXT, body TEXT NOT NULL
  );
  CREATE INDEX jobs_by_chat ON jobs (chat_id);
  CREATE INDEX jobs_by_turn ON jobs (turn_id);
  CREATE INDEX jobs_by_version ON jobs (version_id);
  CREATE INDEX jobs_by_state ON jobs (state, place);
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE models (id TEXT PRIMARY KEY, folder TEXT NOT NULL, number INTEGER NOT NULL);
  CREATE TABLE durations (name TEXT PRIMARY KEY, milliseconds REAL NOT NULL);
  CREATE TABLE ledger (at INTEGER NOT NULL, address TEXT NOT NULL, why TEXT NOT NULL, size_bytes INTEGER NOT NULL);
  CREATE VIRTUAL TABLE search USING fts5 (prompt, tags, caption, turns, tokenize = 'unicode61 remove_diacritics 2');
  `,
  "ALTER TABLE versions ADD COLUMN caption TEXT NOT NULL DEFAULT ''",
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Brings a database to the present schema, each step whole or not at all. */
export function migrate(database: Database): void {
  for (let version = database.schemaVersion; version < SCHEMA_VERSION; version++) {
    database.transaction(() => {
      database.execute(MIGRATIONS[version]!);
      database.execute(`PRAGMA user_version = ${version + 1}`);
    });
  }
}
