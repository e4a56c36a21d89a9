/** What this window is looking at and composing. Of this only what is written outlives a reload. */
import { create } from 'zustand';
import type { Mode, PictureSettings, StudioAnswer } from '../../engine/studio-protocol.ts';

export type View = 'studio' | 'library' | 'models' | 'settings';
export type Dialog = 'palette' | 'shortcuts' | 'tour' | 'compare';

/** The picture asked for doesn't fit the free memory; what does. */
export type MemoryOffer = StudioAnswer<'models.check'> & { first: boolean };

export interface WorkspaceState {
  view: View;
  dialog: Dialog | null;
  /** What a narrow window shows of the studio. */
  pane: 'thread' | 'canvas';
  chatsShown: boolean;
  chatId: string | null;
  /** The picture on the canvas. */
  versionId: string | null;
  /** The job whose previews are on the canvas instead, until it ends. */
  watchedJobId: string | null;
  /** Pictures the next message is about, the one to be edited last; never changed without a person's act. */
  targetIds: string[];
  /** The two versions being compared, while the compare dialog is open. */
  compareIds: [string, string] | null;
  message: string;
  /** null = detected from message and target. */
  modeOverride: Mode | null;
  /** null = as the settings say. */
  variations: 1 | 2 | 4 | null;
  pictureSettings: PictureSettings;
  /** null = a new one for each message. */
  seed: number | null;
  memoryOffer: MemoryOffer | null;
  /** The models view opens at the words of the model in use. */
  wordsWanted: boolean;
}

const WRITTEN = 'tusk-message';

export const useWorkspace = create<WorkspaceState>(() => ({
  view: 'studio',
  dialog: null,
  pane: 'thread',
  chatsShown: false,
  chatId: null,
  versionId: null,
  watchedJobId: null,
  targetIds: [],
  compareIds: null,
  message: sessionStorage.getItem(WRITTEN) ?? '',
  modeOverride: null,
  variations: null,
  pictureSettings: {},
  seed: null,
  memoryOffer: null,
  wordsWanted: false,
}));

useWorkspace.subscribe(({ message }, before) => {
  if (message !== before.message) sessionStorage.setItem(WRITTEN, message);
});

/** Shows a version on the canvas and makes it what the next message is about. */
export function selectVersion(versionId: string): void {
  useWorkspace.setState({ versionId, targetIds: [versionId], watchedJobId: null, pane: 'canvas' });
}

export function compare(firstId: string, secondId: string): void {
  useWorkspace.setState({ compareIds: [firstId, secondId], dialog: 'compare' });
}

export function addTarget(versionId: string): void {
  useWorkspace.setState(({ targetIds }) => ({
    targetIds: [versionId, ...targetIds.filter((id) => id !== versionId)].slice(0, 5),
  }));
}

export function removeTarget(versionId: string): void {
  useWorkspace.setState(({ targetIds }) => ({ targetIds: targetIds.filter((id) => id !== versionId) }));
}

export function watchJob(jobId: string): void {
  useWorkspace.setState({ watchedJobId: jobId });
}
