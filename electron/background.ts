/** What a person sees of the work while they do something else: progress in the taskbar, a word when it ends. */
import { type BrowserWindow, Notification } from 'electron';
import type { ShellEvent } from '../engine/shell-protocol.ts';
import { say } from './words.ts';

type Job = Extract<ShellEvent, { event: 'job' }>['job'];

/** What ends sooner needs no notification. */
const LONG_MS = 10_000;
const NO_PROGRESS = -1;
/** Electron's value for "busy, no share known". */
const BUSY = 2;
const LONGEST_BODY = 120;

export class Background {
  /** Pending jobs, with the time each was first seen running. */
  private readonly startedAt = new Map<string, number>();
  isNotifying = true;

  constructor(private readonly window: () => BrowserWindow | undefined) {}

  onJob(job: Job): void {
    if (job.state === 'running') {
      if (!this.startedAt.has(job.id)) this.startedAt.set(job.id, Date.now());
      this.window()?.setProgressBar(job.total > 0 ? job.position / job.total : BUSY);
    } else this.onEnd(job);
  }

  private onEnd(job: Job): void {
    const startedAt = this.startedAt.get(job.id);
    this.startedAt.delete(job.id);
    if (this.startedAt.size === 0) this.window()?.setProgressBar(NO_PROGRESS);
    if (startedAt !== undefined && Date.now() - startedAt >= LONG_MS) this.tellEnd(job);
  }

  private tellEnd({ state, mode, message }: Job): void {
    const title = titleOf(state, mode);
    if (!title || !this.isNotifying || this.window()?.isFocused() || !Notification.isSupported()) return;
    const notification = new Notification({ title, body: message.slice(0, LONGEST_BODY) });
    notification.on('click', () => {
      this.window()?.show();
      this.window()?.focus();
    });
    notification.show();
  }
}

function titleOf(state: Job['state'], mode: Job['mode']): string | undefined {
  if (state === 'done') return say(mode === 'ask' ? 'job.answered' : 'job.made');
  return state === 'failed' || state === 'parked' ? say('job.failed') : undefined;
}
