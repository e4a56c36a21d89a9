/** A disk of a few megabytes in memory (Linux, as root), where a test may fill it or make it read-only. */
import { spawnSync } from 'node:child_process';
import { open, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { libraryFolder } from './library.ts';

const SIZE = '6m';
const PIECE_BYTES = 4_096;

const mount = (...args: string[]) => spawnSync('mount', args, { encoding: 'utf8' });

export class SmallDisk {
  private constructor(readonly folder: string) {}

  /** @returns undefined where it can't be mounted; says so. */
  static async mount(): Promise<SmallDisk | undefined> {
    const folder = await libraryFolder();
    const { status, stderr, error } = mount('-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder);
    if (status === 0) return new SmallDisk(folder);
    console.log(`skipped: a small disk can't be mounted here (${(stderr || String(error)).trim()})`);
    return undefined;
  }

  /** Leaves not a byte, or so many. */
  async fill(leftBytes = 0): Promise<void> {
    await this.fillUp();
    if (leftBytes > 0) await truncate(this.ballast, (await stat(this.ballast)).size - leftBytes);
  }

  private async fillUp(): Promise<void> {
    const file = await open(this.ballast, 'a');
    try {
      for (;;) await file.write(Buffer.alloc(PIECE_BYTES, 'x'));
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown;
    } finally {
      await file.close();
    }
  }

  empty = (): Promise<void> => rm(this.ballast);

  readOnly(): void {
    const { status, stderr } = mount('-o', 'remount,ro', this.folder);
    if (status !== 0) throw new Error(stderr);
  }

  unmount(): void {
    spawnSync('umount', ['--lazy', this.folder]);
  }

  private get ballast(): string {
    return join(this.folder, 'ballast');
  }
}
