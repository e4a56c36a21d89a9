/** Short messages at the edge of the window: failures of calls, and things that can be undone. */
import { create } from 'zustand';

export interface Notice {
  id: number;
  kind: 'failure' | 'done';
  title: string;
  detail?: string | undefined;
  action?: { label: string; run: () => void } | undefined;
}

export const useNotices = create<{ notices: Notice[] }>(() => ({ notices: [] }));

const SHOWN_MS = 8_000;
let counter = 0;

export function notify(notice: Omit<Notice, 'id'>): void {
  counter += 1;
  const id = counter;
  useNotices.setState(({ notices }) => ({ notices: [...notices.slice(-3), { ...notice, id }] }));
  if (notice.kind === 'done') setTimeout(() => dismiss(id), SHOWN_MS);
}

export function dismiss(id: number): void {
  useNotices.setState(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }));
}
