/** Short messages at the edge of the window: failures of calls, and things that can be undone. */
import { create } from 'zustand';
import type { Failure } from '../../engine/studio-protocol.ts';

export interface Done {
  kind: 'done';
  title: string;
  action?: { label: string; run: () => void };
}

type News =
  | Done
  /** @param about the name of the one thing of several it is about. */
  | { kind: 'failure'; failure: Failure; about?: string | undefined }
  /** A text that could not be put on the clipboard, to be copied by hand. */
  | { kind: 'uncopied'; text: string };

export type Notice = News & { id: number };

export const useNotices = create<{ notices: Notice[] }>(() => ({ notices: [] }));

const SHOWN_MS = 8_000;
let counter = 0;

export function notify(notice: News): void {
  counter += 1;
  const id = counter;
  useNotices.setState(({ notices }) => ({ notices: [...notices.slice(-3), { ...notice, id }] }));
  if (notice.kind === 'done') setTimeout(() => dismiss(id), SHOWN_MS);
}

export function dismiss(id: number): void {
  useNotices.setState(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }));
}
