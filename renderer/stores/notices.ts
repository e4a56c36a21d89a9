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
/** What can be taken back stays until it can be reached without haste, with Tab alone too. */
const UNDO_SHOWN_MS = 30_000;
let counter = 0;

export function notify(notice: News): void {
  counter += 1;
  const id = counter;
  useNotices.setState(({ notices }) => {
    const others = notices.filter((shown) => !saysTheSame(shown, notice));
    return { notices: [...others.slice(-3), { ...notice, id }] };
  });
  if (notice.kind === 'done') setTimeout(() => dismiss(id), notice.action ? UNDO_SHOWN_MS : SHOWN_MS);
}

/** A failure that comes again takes the place of what is shown of it. */
function saysTheSame(shown: News, news: News): boolean {
  if (shown.kind !== 'failure' || news.kind !== 'failure') return false;
  const { code, message } = news.failure;
  return shown.failure.code === code && shown.failure.message === message && shown.about === news.about;
}

export function dismiss(id: number): void {
  useNotices.setState(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }));
}

/** Takes back what was done last, if that is still offered. @returns whether there was anything. */
export function takeBack(): boolean {
  const last = useNotices.getState().notices.findLast((notice) => notice.kind === 'done' && notice.action);
  if (last?.kind !== 'done') return false;
  last.action?.run();
  dismiss(last.id);
  return true;
}
