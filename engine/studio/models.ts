/** Checkpoints a person may choose from: the embedded one and folders brought in. Their facts come from the engine. */
import { basename } from 'node:path';
import { newId } from '../library/ids.ts';
import type { Library } from '../library/library.ts';
import type { ModelFolder } from '../library/values.ts';
import type { CheckpointInfo, ModelSummary } from '../protocol.ts';
import type { Failure, ModelCard, StudioAnswer, StudioEvent } from '../studio-protocol.ts';
import type { EngineWatch } from './engine-watch.ts';
import { failureOf, notFound } from './failures.ts';
import { checkMemory, freeMemory } from './memory-check.ts';

export const EMBEDDED = 'embedded';
const CHOSEN = 'model';
const MILLISECONDS = 1_000;

type Facts = { info: CheckpointInfo } | { problem: Failure };

export class Models {
  private readonly facts = new Map<string, Facts>();

  constructor(
    private readonly library: Library,
    private readonly engine: EngineWatch,
    /** Folder of the embedded checkpoint; absent = the engine's own. */
    readonly embedded: string | undefined,
    private readonly emit: (event: StudioEvent) => void,
  ) {}

  /** Folder of the checkpoint in use. */
  folderInUse(): string | undefined {
    return this.entries().find(({ id }) => id === this.idInUse())?.folder;
  }

  /** What is known by now; `refresh` finds out more. */
  cards(): ModelCard[] {
    return this.entries().map((entry) => this.card(entry));
  }

  /** Asks the engine about models it hasn't been asked about, then tells the windows. */
  async refresh(): Promise<ModelCard[]> {
    for (const { id } of this.entries()) if (!this.facts.has(id)) await this.look(id);
    const models = this.cards();
    this.emit({ event: 'models', models });
    return models;
  }

  /** For when a device was tested: what is known of a model says where it is computed. */
  lookAgain(): Promise<ModelCard[]> {
    this.facts.clear();
    return this.refresh();
  }

  /** @throws TuskError of the checkpoint's files; then nothing changes. */
  async add(folder: string): Promise<ModelCard[]> {
    const client = await this.engine.client();
    const info = await client.run('info', { checkpoint: folder });
    const id = newId();
    this.facts.set(id, { info });
    this.library.values.addModel({ id, folder: info.path });
    return this.refresh();
  }

  async remove(id: string): Promise<ModelCard[]> {
    this.known(id);
    if (id === this.idInUse()) await this.use(EMBEDDED);
    this.library.values.removeModel(id);
    return this.refresh();
  }

  async use(id: string): Promise<ModelCard[]> {
    this.known(id);
    this.library.values.setSetting(CHOSEN, id);
    await this.engine.use(this.folderInUse());
    return this.refresh();
  }

  /** @throws TuskError of the checkpoint's files. */
  async info(id: string): Promise<CheckpointInfo> {
    this.known(id);
    const facts = this.facts.get(id);
    if (facts && 'info' in facts) return facts.info;
    const client = await this.engine.client();
    const folder = this.entries().find((entry) => entry.id === id)?.folder;
    const info = await client.run('info', folder === undefined ? {} : { checkpoint: folder });
    this.facts.set(id, { info });
    return info;
  }

  /** Never waits for the engine: of a model that wasn't looked at yet nothing is objected. */
  check(
    verb: 'create' | 'edit',
    size: { width: number; height: number } | undefined,
  ): StudioAnswer<'models.check'> {
    const facts = this.facts.get(this.idInUse());
    const room = { freeBytes: freeMemory(), isWarm: this.engine.isWarm };
    if (facts && 'info' in facts) return checkMemory(verb, size, facts.info, room, this.cards());
    return { fits: true, needsBytes: 0, freeBytes: room.freeBytes, smallerSize: null, modelId: null };
  }

  private known(id: string): void {
    if (!this.entries().some((entry) => entry.id === id)) throw notFound('model');
  }

  private idInUse(): string {
    const chosen = this.library.values.setting(CHOSEN);
    return this.library.values.models().some(({ id }) => id === chosen) ? String(chosen) : EMBEDDED;
  }

  private entries(): { id: string; folder: string | undefined }[] {
    return [{ id: EMBEDDED, folder: this.embedded }, ...this.library.values.models()];
  }

  private async look(id: string): Promise<void> {
    try {
      await this.info(id);
    } catch (thrown) {
      this.facts.set(id, { problem: failureOf(thrown) });
    }
  }

  private card({ id, folder }: Omit<ModelFolder, 'folder'> & { folder: string | undefined }): ModelCard {
    const facts = this.facts.get(id);
    const info = facts && 'info' in facts ? facts.info : undefined;
    const inUse = id === this.idInUse();
    return {
      id,
      name: info?.name ?? basename(folder ?? 'Tusk'),
      embedded: id === EMBEDDED,
      inUse,
      abilities: inUse ? (this.engine.summary?.abilities ?? []) : [],
      holdsConversation: inUse ? reachOf(this.engine.summary) : 'whole',
      parameters: info?.networks.reduce((sum, { parameters }) => sum + parameters, 0) ?? 0,
      sizeBytes: info?.fileBytes ?? 0,
      needsBytes: info?.memoryBytes.create ?? 0,
      freeBytes: freeMemory(),
      device: info?.device ?? null,
      secondsPerPicture: this.secondsPerPicture(info?.fingerprint),
      problem: facts && 'problem' in facts ? facts.problem : null,
    };
  }

  /** Of the settings used first; null before a picture was made. */
  private secondsPerPicture(fingerprint: string | undefined): number | null {
    const prefix = `${fingerprint}/create/`;
    const times = [...this.library.values.durations()].filter(([name]) => name.startsWith(prefix));
    const first = times[0]?.[0].slice(0, times[0][0].lastIndexOf('/'));
    const milliseconds = times.filter(([name]) => first && name.startsWith(`${first}/`));
    if (milliseconds.length === 0) return null;
    return milliseconds.reduce((sum, [, time]) => sum + time, 0) / MILLISECONDS;
  }
}

/** Before a model is loaded nothing is known, and nothing is warned of. */
function reachOf(summary: ModelSummary | null): ModelCard['holdsConversation'] {
  if (!summary || summary.conversation.acrossPictures) return 'whole';
  return summary.conversation.exchanges > 0 ? 'one-picture' : 'none';
}
