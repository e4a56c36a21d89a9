/** Small facts: settings, model folders, learned durations, network calls. */
import type { Database } from './database.ts';
import { storedJson } from './stored.ts';

export interface NetworkCall {
  /** Milliseconds since 1970. */
  at: number;
  address: string;
  why: string;
  sizeBytes: number;
}

export interface ModelFolder {
  id: string;
  folder: string;
}

/** Share of a new measurement in what is remembered. */
const LEARNING_RATE = 0.3;

export class Values {
  constructor(private readonly database: Database) {}

  setting(name: string): unknown {
    const row = this.database.first('SELECT value FROM settings WHERE name = ?', [name]);
    return row && storedJson(row.value);
  }

  setSetting(name: string, value: unknown): void {
    const sql = 'INSERT OR REPLACE INTO settings VALUES (?, ?)';
    this.database.run(sql, [name, JSON.stringify(value)]);
  }

  models(): ModelFolder[] {
    const rows = this.database.all('SELECT id, folder FROM models ORDER BY number');
    return rows.map(({ id, folder }) => ({ id: String(id), folder: String(folder) }));
  }

  addModel({ id, folder }: ModelFolder): void {
    const sql = 'INSERT INTO models SELECT ?, ?, COALESCE(MAX(number), 0) + 1 FROM models';
    this.database.run(sql, [id, folder]);
  }

  removeModel(id: string): void {
    this.database.run('DELETE FROM models WHERE id = ?', [id]);
  }

  durations(): Map<string, number> {
    const rows = this.database.all('SELECT name, milliseconds FROM durations');
    return new Map(rows.map(({ name, milliseconds }) => [String(name), Number(milliseconds)]));
  }

  /** A running mean, so that one slow run is forgotten again. */
  learnDuration(name: string, milliseconds: number): void {
    const sql = `INSERT INTO durations VALUES (?1, ?2) ON CONFLICT (name)
      DO UPDATE SET milliseconds = milliseconds + (?2 - milliseconds) * ${LEARNING_RATE}`;
    this.database.run(sql, [name, milliseconds]);
  }

  networkCalls(): NetworkCall[] {
    const rows = this.database.all('SELECT * FROM ledger ORDER BY at DESC');
    return rows.map((row) => ({
      at: Number(row.at),
      address: String(row.address),
      why: String(row.why),
      sizeBytes: Number(row.size_bytes),
    }));
  }

  /** Tusk makes no call unless a person asked for it; each one is kept here. */
  recordNetworkCall({ at, address, why, sizeBytes }: NetworkCall): void {
    this.database.run('INSERT INTO ledger VALUES (?, ?, ?, ?)', [at, address, why, sizeBytes]);
  }
}
