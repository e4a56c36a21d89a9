/** Versions: the pictures of the library, what they came from, and the index that finds them by words. */
import { z } from 'zod';
import { type StudioCheckedParams, type Version, version } from '../studio-protocol.ts';
import type { Database, Row, Scalar } from './database.ts';
import { membersOf, stored, storedJson } from './stored.ts';

export type LibraryQuery = StudioCheckedParams<'library.list'>;
export interface Page {
  versions: Version[];
  total: number;
  nextCursor: string | null;
}

const COLUMNS = [
  ...['id', 'chat_id', 'parent_id', 'reference_ids', 'kind', 'prompt', 'seed', 'settings', 'model'],
  ...['width', 'height', 'size_bytes', 'duration_ms', 'created_at', 'starred', 'tags', 'deleted_at'],
  ...['unknown_words', 'caption', 'recipe'],
];
/** Recipes are long, and asked for one by one. */
const LISTED = ['number', ...COLUMNS.filter((column) => column !== 'recipe')].join(', ');
const INSERT = `INSERT INTO versions (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`;
const IN_CHAT = `SELECT * FROM versions WHERE deleted_at IS NULL AND (chat_id = ?1 OR id IN (
  SELECT value FROM turns, ${membersOf('turns.version_ids')} WHERE turns.chat_id = ?1)) ORDER BY number`;

export class Versions {
  constructor(private readonly database: Database) {}

  get(id: string): Version | undefined {
    const row = this.database.first('SELECT * FROM versions WHERE id = ?', [id]);
    return row && versionOf(row);
  }

  /** What made the picture, as its model wrote it; undefined for pictures no model made. */
  recipe(id: string): unknown {
    const recipe = this.database.first('SELECT recipe FROM versions WHERE id = ?', [id])?.recipe;
    return typeof recipe === 'string' ? storedJson(recipe) : undefined;
  }

  add(version: Version, recipe?: unknown): void {
    this.database.transaction(() => {
      this.database.run(INSERT, [...valuesOf(version), recipe === undefined ? null : JSON.stringify(recipe)]);
      const sql = `INSERT INTO search (rowid, prompt, tags, caption, turns)
        SELECT number, prompt, ?, caption, '' FROM versions WHERE id = ?`;
      this.database.run(sql, [version.tags.join(' '), version.id]);
    });
  }

  /** Changes what a person may change about a picture. */
  update(id: string, change: Partial<Pick<Version, 'starred' | 'tags' | 'deletedAt'>>): Version | undefined {
    const before = this.get(id);
    if (!before) return undefined;
    const after = { ...before, ...change };
    this.database.transaction(() => {
      const sql = 'UPDATE versions SET starred = ?, tags = ?, deleted_at = ? WHERE id = ?';
      this.database.run(sql, [Number(after.starred), JSON.stringify(after.tags), after.deletedAt, id]);
      if (change.tags) this.index(id, 'tags', after.tags.join(' '));
    });
    return after;
  }

  /** Makes a picture findable by what was said about it, too. */
  addSaid(id: string, text: string): void {
    const known = this.database.first(
      'SELECT turns AS text FROM search WHERE rowid = (SELECT number FROM versions WHERE id = ?)',
      [id],
    );
    if (known) this.index(id, 'turns', `${known.text} ${text}`.trim());
  }

  /** What it shows, in the words of a model; it is found by them. */
  setCaption(id: string, caption: string): Version | undefined {
    this.database.transaction(() => {
      this.database.run('UPDATE versions SET caption = ? WHERE id = ?', [caption, id]);
      this.index(id, 'caption', caption);
    });
    return this.get(id);
  }

  /** Pictures of a chat, and those it shows from elsewhere, oldest first. */
  ofChat(chatId: string): Version[] {
    return this.database.all(IN_CHAT, [chatId]).map(versionOf);
  }

  /** Newest first. The cursor of one page leads to the next. */
  list(query: LibraryQuery): Page {
    const { sql, values } = conditions(query);
    const total = Number(
      this.database.first(`SELECT COUNT(*) AS total FROM versions WHERE ${sql}`, values)?.total,
    );
    const after = cursorCondition(query.cursor);
    const rows = this.database.all(
      `SELECT ${LISTED} FROM versions WHERE ${sql} ${after.sql} ORDER BY created_at DESC, number DESC LIMIT ?`,
      [...values, ...after.values, query.limit + 1],
    );
    const shown = rows.slice(0, query.limit);
    const last = rows.length > query.limit ? shown.at(-1) : undefined;
    return {
      versions: shown.map(versionOf),
      total,
      nextCursor: last ? `${last.created_at}.${last.number}` : null,
    };
  }

  tags(): string[] {
    const sql = `SELECT DISTINCT value AS tag FROM versions, ${membersOf('versions.tags')}
      WHERE deleted_at IS NULL ORDER BY value`;
    return this.database.all(sql).map(({ tag }) => String(tag));
  }

  /** Ids of what lies in the bin. */
  binned(): string[] {
    const sql = 'SELECT id FROM versions WHERE deleted_at IS NOT NULL';
    return this.database.all(sql).map(({ id }) => String(id));
  }

  /** Forgets a picture for good. Its children keep their place without a parent. */
  remove(id: string): void {
    this.database.transaction(() => {
      this.database.run('DELETE FROM search WHERE rowid = (SELECT number FROM versions WHERE id = ?)', [id]);
      this.database.run('DELETE FROM versions WHERE id = ?', [id]);
      this.database.run('UPDATE versions SET parent_id = NULL WHERE parent_id = ?', [id]);
      this.database.run('UPDATE chats SET cover_version_id = NULL WHERE cover_version_id = ?', [id]);
    });
  }

  ids(): Set<string> {
    return new Set(this.database.all('SELECT id FROM versions').map(({ id }) => String(id)));
  }

  private index(id: string, column: 'tags' | 'caption' | 'turns', text: string): void {
    const sql = `UPDATE search SET ${column} = ? WHERE rowid = (SELECT number FROM versions WHERE id = ?)`;
    this.database.run(sql, [text, id]);
  }
}

interface Condition {
  sql: string;
  values: Scalar[];
}

function conditions(query: LibraryQuery): Condition {
  const parts: Condition[] = [{ sql: `deleted_at IS ${query.deleted ? 'NOT NULL' : 'NULL'}`, values: [] }];
  const match = matchAll(query.text);
  if (match)
    parts.push({ sql: 'number IN (SELECT rowid FROM search WHERE search MATCH ?)', values: [match] });
  if (query.starred !== undefined) parts.push({ sql: 'starred = ?', values: [Number(query.starred)] });
  if (query.kind) parts.push({ sql: 'kind = ?', values: [query.kind] });
  if (query.tag !== undefined)
    parts.push({
      sql: `EXISTS (SELECT 1 FROM ${membersOf('versions.tags')} WHERE value = ?)`,
      values: [query.tag],
    });
  return { sql: parts.map(({ sql }) => sql).join(' AND '), values: parts.flatMap(({ values }) => values) };
}

/**
 * Every word must occur, as a beginning at least. Words are quoted, so that no search is a syntax error; one that
 * another begins with says nothing more, and costs a walk through all it matches.
 */
function matchAll(text: string): string {
  const words = [...new Set(text.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? [])];
  const telling = words.filter((word) => !words.some((other) => other !== word && other.startsWith(word)));
  return telling.map((word) => `"${word}"*`).join(' ');
}

function cursorCondition(cursor: string | null): Condition {
  const [, createdAt, number] = /^(\d{1,16})\.(\d{1,16})$/.exec(cursor ?? '') ?? [];
  if (createdAt === undefined) return { sql: '', values: [] };
  return { sql: 'AND (created_at, number) < (?, ?)', values: [Number(createdAt), Number(number)] };
}

const valuesOf = (version: Version): Scalar[] => [
  ...[version.id, version.chatId, version.parentId, JSON.stringify(version.referenceIds), version.kind],
  ...[version.prompt, version.seed, JSON.stringify(version.settings), version.model, version.width],
  ...[version.height, version.sizeBytes, version.durationMs, version.createdAt, Number(version.starred)],
  ...[JSON.stringify(version.tags), version.deletedAt, JSON.stringify(version.unknownWords)],
  version.caption,
];

/** Written by this program: that it is an object is what damage could have changed. */
const settings = z.custom<Version['settings']>((value) => typeof value === 'object' && value !== null);
const { referenceIds, tags, unknownWords } = version.shape;

const versionOf = (row: Row): Version => ({
  id: String(row.id),
  chatId: row.chat_id as string | null,
  parentId: row.parent_id as string | null,
  referenceIds: stored(referenceIds, row.reference_ids) ?? [],
  kind: row.kind as Version['kind'],
  prompt: String(row.prompt),
  seed: row.seed as number | null,
  settings: stored(settings, row.settings) ?? {},
  model: String(row.model),
  width: Number(row.width),
  height: Number(row.height),
  sizeBytes: Number(row.size_bytes),
  durationMs: row.duration_ms as number | null,
  createdAt: Number(row.created_at),
  starred: row.starred === 1,
  tags: stored(tags, row.tags) ?? [],
  deletedAt: row.deleted_at as number | null,
  unknownWords: stored(unknownWords, row.unknown_words) ?? [],
  caption: String(row.caption),
});
