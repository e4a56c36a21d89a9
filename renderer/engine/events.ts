/** The one place where the studio's events become store changes. */
import type { Failure, Snapshot, StudioEvent } from '../../engine/studio-protocol.ts';
import { notify } from '../stores/notices.ts';
import { byId, isPending, type StudioState, useStudio } from '../stores/studio.ts';
import { followJob } from './follow.ts';

/** Previews stay valid this long after the next one came, so that a fade can still show them. */
const PREVIEW_KEPT_MS = 1_000;

export function applySnapshot(snapshot: Snapshot): void {
  const { chats, jobs, problems, ...rest } = snapshot;
  problems.forEach(tellTrouble);
  useStudio.setState((state) => ({
    ...rest,
    ready: true,
    chats: byId(chats),
    jobs: { ...state.jobs, ...byId(jobs) },
    queue: jobs.filter(isPending).map((job) => job.id),
  }));
}

const tellTrouble = (failure: Failure): void => notify({ kind: 'failure', failure });

/** In order, as one change of the store. */
export function applyEvents(events: readonly StudioEvent[]): void {
  useStudio.setState((before) => {
    const after = { ...before };
    for (const event of events) Object.assign(after, changeOf(event, after));
    return after;
  });
  for (const event of events) {
    if (event.event === 'trouble') tellTrouble(event.failure);
    if (event.event === 'job') followJob(event.job);
  }
}

function changeOf(event: StudioEvent, state: StudioState): Partial<StudioState> {
  switch (event.event) {
    case 'trouble':
      return {};
    case 'job':
      return { jobs: { ...state.jobs, [event.job.id]: event.job } };
    case 'jobs':
      return { queue: event.order, queuePaused: event.paused };
    case 'preview':
      return {
        previews: { ...state.previews, [event.jobId]: previewUrl(event, state.previews[event.jobId]) },
      };
    case 'turn':
      return { turns: { ...state.turns, [event.turn.id]: event.turn } };
    case 'version':
      return { versions: { ...state.versions, [event.version.id]: event.version } };
    case 'chat':
      return { chats: { ...state.chats, [event.chat.id]: event.chat } };
    case 'engine':
      return { engine: event.state, engineFailure: event.failure };
    case 'models':
      return { models: event.models };
    case 'downloads':
      return { downloads: { downloads: event.downloads, freeBytes: event.freeBytes } };
    case 'settings':
      return { settings: event.settings };
  }
}

function previewUrl(event: { picture: Uint8Array }, before: string | undefined): string {
  if (before) setTimeout(() => URL.revokeObjectURL(before), PREVIEW_KEPT_MS);
  return URL.createObjectURL(new Blob([new Uint8Array(event.picture)]));
}
