/** What can still be read of a damaged database, and pictures whose files are all that is left of them. */

import { pixelSize } from '../image/convert.ts';
import { readRecipe } from '../image/encode.ts';
import { log } from '../log.ts';
import { recipe as recipeSchema } from '../protocol.ts';
import type { Version } from '../studio-protocol.ts';
import { Database, type Row } from './database.ts';
import type { Pictures } from './pictures.ts';
import { membersOf } from './stored.ts';
import type { Versions } from './versions.ts';

const TABLES = ['chats', 'versions', 'turns', 'jobs', 'settings', 'models', 'durations', 'ledger'] as const;

/** Copies every readable row, and makes pictures findable again. @returns how many. */
export function salvage(damaged: string, into: Database): number {
  let from: Database | undefined;
  try {
    from = Database.openDamaged(damaged);
  } catch (thrown) {
    log.warn(`Nothing of the damaged library can be opened: ${thrown}`);
    return 0;
  }
  const source = from;
  try {
    return into.transaction(() => {
      const rows = TABLES.reduce((sum, table) => sum + copyTable(source, table, into), 0);
      into.run(SEARCHABLE);
      return rows;
    });
  } finally {
    source.close();
  }
}

function copyTable(from: Database, table: string, into: Database): number {
  const rows = new Map<number, Row>();
  for (const direction of ['ASC', 'DESC'] as const)
    for (const row of readableRows(from, table, direction)) rows.set(Number(row.salvaged_rowid), row);
  let copied = 0;
  for (const { salvaged_rowid: _, ...row } of rows.values()) copied += Number(insert(into, table, row));
  return copied;
}

const SEARCHABLE = `INSERT INTO search (rowid, prompt, tags, caption, turns)
  SELECT number, prompt, (SELECT group_concat(value, ' ') FROM ${membersOf('versions.tags')}), caption,
    (SELECT group_concat(asked.text || ' ' || answer.text, ' ')
      FROM turns AS answer JOIN turns AS asked ON asked.id = answer.reply_to_id, ${membersOf('answer.version_ids')}
      WHERE answer.mode = 'ask' AND value = versions.id)
  FROM versions`;

/** Row by row from one end, until a damaged page stops it. */
function* readableRows(from: Database, table: string, direction: 'ASC' | 'DESC'): Generator<Row> {
  const beyond = direction === 'ASC' ? '>' : '<';
  const sql = `SELECT rowid AS salvaged_rowid, * FROM ${table} WHERE rowid ${beyond} ? ORDER BY rowid ${direction} LIMIT 1`;
  let at: number = direction === 'ASC' ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
  for (;;) {
    const row = attempt(() => from.first(sql, [at]));
    if (!row) return;
    at = Number(row.salvaged_rowid);
    yield row;
  }
}

function insert(into: Database, table: string, row: Row): boolean {
  const columns = Object.keys(row);
  const sql = `INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
  const done = attempt(() => {
    into.run(sql, Object.values(row));
    return true;
  });
  return done ?? false;
}

/** Damage is what is expected here: an unreadable row is left out. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (thrown) {
    log.debug(`left out of the salvage: ${thrown}`);
    return undefined;
  }
}

/** Takes in every picture file the database doesn't know, with the recipe it carries. @returns how many. */
export async function adoptPictures(pictures: Pictures, versions: Versions): Promise<number> {
  const known = versions.ids();
  let adopted = 0;
  for (const id of await pictures.ids()) {
    if (known.has(id)) continue;
    const file = await pictures.read(id).catch(() => undefined);
    const size = file && (await pixelSize(file).catch(() => undefined));
    if (!file || !size) continue;
    const carried = recipeSchema.safeParse(readRecipe(file).recipe);
    const recipe = carried.success ? carried.data : undefined;
    versions.add(
      { ...adoptedVersion(id, await pictures.writtenAt(id), recipe), ...size, sizeBytes: file.length },
      recipe,
    );
    adopted += 1;
  }
  return adopted;
}

type Recipe = ReturnType<typeof recipeSchema.parse>;

const adoptedVersion = (id: string, createdAt: number, recipe: Recipe | undefined) => ({
  id,
  chatId: null,
  parentId: null,
  referenceIds: [],
  kind: recipe?.verb ?? ('import' as Version['kind']),
  prompt: recipe?.prompt ?? '',
  seed: recipe?.seed ?? null,
  settings: {},
  model: recipe?.model ?? '',
  durationMs: null,
  createdAt,
  starred: false,
  tags: [],
  deletedAt: null,
  unknownWords: [],
  caption: '',
});
