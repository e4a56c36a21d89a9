/** Chats and their turns. */
import { type Chat, type Turn, turn } from '../studio-protocol.ts';
import type { Database, Row } from './database.ts';
import { stored } from './stored.ts';

export class Chats {
  constructor(private readonly database: Database) {}

  /** Newest first; deleted ones only if asked for. */
  list(deleted = false): Chat[] {
    const where = deleted ? 'NOT NULL' : 'NULL';
    const sql = `SELECT * FROM chats WHERE deleted_at IS ${where} ORDER BY updated_at DESC, id`;
    return this.database.all(sql).map(chatOf);
  }

  get(id: string): Chat | undefined {
    const row = this.database.first('SELECT * FROM chats WHERE id = ?', [id]);
    return row && chatOf(row);
  }

  put(chat: Chat): void {
    this.database.run('INSERT OR REPLACE INTO chats VALUES (?, ?, ?, ?, ?, ?)', [
      ...[chat.id, chat.title, chat.createdAt, chat.updatedAt, chat.deletedAt, chat.coverVersionId],
    ]);
  }

  /** Oldest first. */
  turns(chatId: string): Turn[] {
    return this.database.all('SELECT * FROM turns WHERE chat_id = ? ORDER BY number', [chatId]).map(turnOf);
  }

  /** Now, yet after the last turn: the order of a chat outlives a clock that is set back. */
  nextTurnAt(chatId: string): number {
    const sql = 'SELECT MAX(created_at) AS last FROM turns WHERE chat_id = ?';
    return Math.max(Date.now(), Number(this.database.first(sql, [chatId])?.last ?? 0) + 1);
  }

  turn(id: string): Turn | undefined {
    const row = this.database.first('SELECT * FROM turns WHERE id = ?', [id]);
    return row && turnOf(row);
  }

  /** Tusk's answer to a person's turn, if there is one yet. */
  reply(turnId: string): Turn | undefined {
    const row = this.database.first('SELECT * FROM turns WHERE reply_to_id = ?', [turnId]);
    return row && turnOf(row);
  }

  putTurn(turn: Turn): void {
    const sql = `INSERT INTO turns (id, chat_id, role, mode, text, version_ids, job_id, reply_to_id, created_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET text = excluded.text, version_ids = excluded.version_ids`;
    this.database.run(sql, [
      ...[turn.id, turn.chatId, turn.role, turn.mode, turn.text, JSON.stringify(turn.versionIds)],
      ...[turn.jobId, turn.replyToId, turn.createdAt],
    ]);
  }

  /** What people asked for, newest first, without repetitions. */
  prompts(limit: number): string[] {
    const sql = `SELECT text FROM turns WHERE role = 'person' AND mode <> 'upscale' GROUP BY text ORDER BY MAX(number) DESC LIMIT ?`;
    return this.database.all(sql, [limit]).map(({ text }) => String(text));
  }
}

const chatOf = (row: Row): Chat => ({
  id: String(row.id),
  title: String(row.title),
  createdAt: Number(row.created_at),
  updatedAt: Number(row.updated_at),
  deletedAt: row.deleted_at as number | null,
  coverVersionId: row.cover_version_id as string | null,
});

const turnOf = (row: Row): Turn => ({
  id: String(row.id),
  chatId: String(row.chat_id),
  role: row.role as Turn['role'],
  mode: row.mode as Turn['mode'],
  text: String(row.text),
  versionIds: stored(turn.shape.versionIds, row.version_ids) ?? [],
  jobId: row.job_id as string | null,
  replyToId: row.reply_to_id as string | null,
  createdAt: Number(row.created_at),
});
