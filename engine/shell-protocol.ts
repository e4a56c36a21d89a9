/**
 * What Electron's main process and the studio's process say to each other. Types only: both sides are ours. A port to
 * a window or to an engine travels beside the message.
 */
import type { Content } from './page.ts';
import type { Failure, StudioEvent } from './studio-protocol.ts';

/** Main to studio. */
export type ShellMessage =
  /** With a port: a window wants to be served. */
  | { tell: 'window' }
  /** With a port: the engine that was asked for runs. */
  | { tell: 'engine'; engine: number; pid: number }
  /** `code`: its exit code, or the number of the signal that ended it. */
  | { tell: 'engine-gone'; engine: number; code: number }
  /** A picture's address, as a page writes it. */
  | { tell: 'fetch'; request: number; address: string }
  | { tell: 'network-call'; address: string; why: string; sizeBytes: number }
  | { tell: 'stop' };

/** What the shell shows outside the window: progress, notifications, theme. */
export type ShellEvent = Extract<StudioEvent, { event: 'job' | 'settings' }>;

/** Studio to main. Engines are numbered by the studio. */
export type StudioProcessMessage =
  /** The library can't be opened; the process ends. */
  | { tell: 'refused'; failure: Failure }
  | { tell: 'start-engine'; engine: number }
  | { tell: 'stop-engine'; engine: number }
  | { tell: 'content'; request: number; content: Content | null }
  | { tell: 'event'; event: ShellEvent };
