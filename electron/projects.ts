/** `.tusk` files opened from outside: by a double click, dropped on the icon, or named when Tusk is started. */
import type { WebContents } from 'electron';
import { readPicked } from './dialogs.ts';

/** @param argv of this instance, or of the second one that was started. */
export const projectIn = (argv: readonly string[]): string | undefined =>
  argv.slice(1).find((argument) => argument.toLowerCase().endsWith('.tusk') && !argument.startsWith('-'));

/** Keeps files until a page is there to take them. */
export class Projects {
  private readonly waiting: string[] = [];
  private page: WebContents | undefined;

  open(path: string | undefined): void {
    if (path === undefined) return;
    this.waiting.push(path);
    if (this.page) this.handOver(this.page);
  }

  /** A page connected: it takes what waits, and all that comes while it lives. */
  handOver(page: WebContents): void {
    if (this.page !== page) page.once('destroyed', () => this.forget(page));
    this.page = page;
    for (const path of this.waiting.splice(0)) void this.send(page, path);
  }

  private forget(page: WebContents): void {
    if (this.page === page) this.page = undefined;
  }

  private async send(page: WebContents, path: string): Promise<void> {
    try {
      page.send('project', await readPicked(path));
    } catch (thrown) {
      console.warn(`${path} can't be opened:`, thrown);
    }
  }
}
