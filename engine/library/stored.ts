/** JSON kept in a column. SQLite can't see a flipped bit in a text: it costs this value, never the whole library. */
import type { z } from 'zod';
import { log } from '../log.ts';
import type { Scalar } from './database.ts';

/** @returns undefined if it can't be read. */
export function storedJson(text: Scalar | undefined): unknown {
  try {
    return JSON.parse(String(text));
  } catch (thrown) {
    log.warn(`a value of the library can't be read: ${thrown}`);
    return undefined;
  }
}

/** @returns undefined if it can't be read, or isn't of that kind. */
export function stored<T>(schema: z.ZodType<T>, text: Scalar | undefined): T | undefined {
  return schema.safeParse(storedJson(text)).data;
}

/** SQL: the members of a list kept as JSON, as rows of `value`; none of one that can't be read. */
export const membersOf = (column: string): string =>
  `json_each(CASE WHEN json_valid(${column}) THEN ${column} ELSE '[]' END)`;
