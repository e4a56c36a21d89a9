/** What killed imports left beside the folders they were about to make. Downloads are kept: they go on. */
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { tryLock } from './lock.ts';

/** An import's folder while it isn't whole. */
export const importPart = (folder: string): string =>
  join(dirname(folder), `.${basename(folder)}.import.part`);

const IMPORT_PART = /^\.(.+)\.import\.part$/;

/** Removes those that nobody is at work on. @param parent of the checkpoint folders */
export async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const target = IMPORT_PART.exec(name)?.[1];
    const unlock = target === undefined ? undefined : await tryLock(join(parent, target));
    if (unlock) await rm(join(parent, name), { recursive: true, force: true }).finally(unlock);
  }
}
