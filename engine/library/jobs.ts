/** The queue on disk. */
import { type Job, job } from '../studio-protocol.ts';
import type { Database, Row } from './database.ts';
import { stored } from './stored.ts';

/** A job with what only the studio needs to know. */
export interface StoredJob {
  job: Job;
  /** Order in the queue: smaller runs first. */
  place: number;
  /** How often the engine was lost while this job ran. */
  engineLosses: number;
}

export class Jobs {
  constructor(private readonly database: Database) {}

  get(id: string): StoredJob | undefined {
    const row = this.database.first('SELECT * FROM jobs WHERE id = ?', [id]);
    return row && storedOf(row)[0];
  }

  put({ job, place, engineLosses }: StoredJob): void {
    const links = [job.chatId, job.turnId, job.versionId];
    const values = [job.id, place, job.state, engineLosses, ...links, JSON.stringify(job)];
    this.database.run('INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)', values);
  }

  /** In the order of the queue. */
  withState(...states: readonly Job['state'][]): StoredJob[] {
    const marks = states.map(() => '?').join(', ');
    const sql = `SELECT * FROM jobs WHERE state IN (${marks}) ORDER BY place, rowid`;
    return this.database.all(sql, states).flatMap(storedOf);
  }

  /** The newest of those that ended so, in the order of the queue. */
  latest(states: readonly Job['state'][], limit: number): StoredJob[] {
    return this.withState(...states).slice(-limit);
  }

  ofTurn(turnId: string): StoredJob[] {
    return this.where('turn_id = ?', turnId);
  }

  ofChat(chatId: string): StoredJob[] {
    return this.where('chat_id = ?', chatId);
  }

  /** The job that made a version. */
  ofVersion(versionId: string): StoredJob | undefined {
    return this.where('version_id = ?', versionId)[0];
  }

  private where(condition: string, value: string): StoredJob[] {
    return this.database
      .all(`SELECT * FROM jobs WHERE ${condition} ORDER BY place, rowid`, [value])
      .flatMap(storedOf);
  }

  /** Places before the first and after the last waiting job. */
  ends(): { before: number; after: number } {
    const row = this.database.first('SELECT MIN(place) AS first, MAX(place) AS last FROM jobs');
    return { before: Number(row?.first ?? 0) - 1, after: Number(row?.last ?? 0) + 1 };
  }
}

/** Nothing of an entry that can't be read. */
function storedOf(row: Row): StoredJob[] {
  const body = stored(job, row.body);
  return body ? [{ job: body, place: Number(row.place), engineLosses: Number(row.engine_losses) }] : [];
}
