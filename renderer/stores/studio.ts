/** What the studio has told this window: a mirror, changed only by its answers and events. */
import { create } from 'zustand';
import type {
  Chat,
  DownloadCard,
  Failure,
  Job,
  ModelCard,
  Settings,
  Snapshot,
  Turn,
  Version,
} from '../../engine/studio-protocol.ts';

export interface StudioState {
  connection: 'connecting' | 'open' | 'closed';
  ready: boolean;
  engine: Snapshot['engine'];
  engineFailure: Failure | null;
  settings: Settings | null;
  models: ModelCard[];
  downloads: { downloads: DownloadCard[]; freeBytes: number };
  examples: Snapshot['examples'];
  vocabulary: string[];
  /** Those the model in use understands, ISO 639; empty = not stated. */
  languages: string[];
  chats: Record<string, Chat>;
  turns: Record<string, Turn>;
  versions: Record<string, Version>;
  jobs: Record<string, Job>;
  /** Ids of waiting and running jobs, in the order they will run. */
  queue: string[];
  queuePaused: boolean;
  /** Object URLs of each job's last preview. */
  previews: Record<string, string>;
}

export const useStudio = create<StudioState>(() => ({
  connection: 'connecting',
  ready: false,
  engine: 'starting',
  engineFailure: null,
  settings: null,
  models: [],
  downloads: { downloads: [], freeBytes: 0 },
  examples: { create: [], edit: [], ask: [] },
  vocabulary: [],
  languages: [],
  chats: {},
  turns: {},
  versions: {},
  jobs: {},
  queue: [],
  queuePaused: false,
  previews: {},
}));

export const byId = <T extends { id: string }>(items: readonly T[]): Record<string, T> =>
  Object.fromEntries(items.map((item) => [item.id, item]));

export const isPending = (job: Job): boolean => job.state === 'queued' || job.state === 'running';

/** The picture that a job changes or enlarges. */
export const sourceOf = ({ mode, targetIds }: Job): string | undefined =>
  mode === 'edit' || mode === 'upscale' ? targetIds.at(-1) : undefined;

const UNKNOWN_SIZE = { width: 256, height: 256 };

/** The size a job's picture will have, as far as can be told before it is there. */
export function sizeOf(job: Job, versions: StudioState['versions']): { width: number; height: number } {
  const { width, height, factor = 1 } = job.settings;
  const source = versions[sourceOf(job) ?? ''];
  if (source) return { width: source.width * factor, height: source.height * factor };
  return width && height ? { width, height } : UNKNOWN_SIZE;
}
