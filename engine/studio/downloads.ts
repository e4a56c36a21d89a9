/**
 * Checkpoints on their way from a hub. What was begun is kept in the library: a download that was paused, failed or
 * cut off by the end of the program waits to be gone on with. One that is whole becomes a model.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { assertRepository } from '../hub/address.ts';
import { type DownloadProgress, downloadRepository } from '../hub/download.ts';
import type { HubPlace } from '../hub/environment.ts';
import { removeLeftovers } from '../hub/leftovers.ts';
import { freeSpace } from '../hub/space.ts';
import { newId } from '../library/ids.ts';
import type { Library } from '../library/library.ts';
import type { DownloadCard, Failure, StudioEvent } from '../studio-protocol.ts';
import { failureOf, notFound } from './failures.ts';
import type { Models } from './models.ts';

const KEPT = 'downloads';
const WHY = 'model download';
const begun = z.array(z.object({ id: z.string(), repository: z.string() }));
type Begun = z.infer<typeof begun>[number];

interface Running {
  controller: AbortController;
  ended: Promise<void>;
}

const NOTHING_YET: DownloadProgress = { doneBytes: 0, totalBytes: 0, bytesPerSecond: 0 };

export class Downloads {
  private readonly running = new Map<string, Running>();
  private readonly progress = new Map<string, DownloadProgress>();
  private readonly failures = new Map<string, Failure>();

  constructor(
    private readonly library: Library,
    private readonly models: Models,
    private readonly hub: HubPlace,
    private readonly emit: (event: StudioEvent) => void,
  ) {
    void removeLeftovers(hub.folder).catch(() => {});
  }

  async cards(): Promise<{ downloads: DownloadCard[]; freeBytes: number }> {
    return {
      downloads: this.entries().map((entry) => this.card(entry)),
      freeBytes: await freeSpace(this.hub.folder),
    };
  }

  /** @throws TuskError `bad-setting` for a name that is none */
  start(repository: string): void {
    assertRepository(repository);
    const known = this.entries().find((entry) => entry.repository === repository);
    const entry = known ?? { id: newId(), repository };
    if (!known) this.keep([...this.entries(), entry]);
    this.run(entry);
  }

  resume(id: string): void {
    this.run(this.entry(id));
  }

  /** What came is kept. */
  async pause(id: string): Promise<void> {
    const running = this.running.get(this.entry(id).id);
    running?.controller.abort();
    await running?.ended;
  }

  /** Deletes what came. */
  async discard(id: string): Promise<void> {
    const { repository } = this.entry(id);
    await this.pause(id);
    await rm(`${this.folder(repository)}.part`, { recursive: true, force: true });
    this.forget(id);
  }

  async close(): Promise<void> {
    for (const { controller } of this.running.values()) controller.abort();
    await Promise.all([...this.running.values()].map(({ ended }) => ended));
  }

  private run(entry: Begun): void {
    if (this.running.has(entry.id)) return;
    const controller = new AbortController();
    this.failures.delete(entry.id);
    const ended = this.fetch(entry, controller.signal).finally(() => {
      this.running.delete(entry.id);
      this.tell();
    });
    this.running.set(entry.id, { controller, ended });
    this.tell();
  }

  private async fetch({ id, repository }: Begun, signal: AbortSignal): Promise<void> {
    try {
      const folder = await downloadRepository({
        ...{ repository, signal, folder: this.folder(repository) },
        ...{ endpoint: this.hub.endpoint, token: this.hub.token },
        onProgress: (progress) => {
          this.progress.set(id, progress);
          this.tell();
        },
        onCall: (address, sizeBytes) =>
          this.library.values.recordNetworkCall({ at: Date.now(), address, why: WHY, sizeBytes }),
      });
      this.forget(id);
      await this.models.add(folder);
    } catch (thrown) {
      if (!signal.aborted) this.failures.set(id, failureOf(thrown));
    }
  }

  private card({ id, repository }: Begun): DownloadCard {
    const failure = this.failures.get(id) ?? null;
    const state = this.running.has(id) ? 'running' : failure ? 'failed' : 'paused';
    return { id, repository, state, failure, ...(this.progress.get(id) ?? NOTHING_YET) };
  }

  private folder = (repository: string): string => join(this.hub.folder, repository.replace('/', '--'));

  private entry(id: string): Begun {
    const found = this.entries().find((entry) => entry.id === id);
    if (!found) throw notFound('download');
    return found;
  }

  private entries(): Begun[] {
    const parsed = begun.safeParse(this.library.values.setting(KEPT));
    return parsed.success ? parsed.data : [];
  }

  private keep(entries: Begun[]): void {
    this.library.values.setSetting(KEPT, entries);
  }

  private forget(id: string): void {
    this.keep(this.entries().filter((entry) => entry.id !== id));
    this.progress.delete(id);
    this.failures.delete(id);
    this.tell();
  }

  private tell(): void {
    void this.cards().then((cards) => this.emit({ event: 'downloads', ...cards }));
  }
}
