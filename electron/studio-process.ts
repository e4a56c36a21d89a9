/**
 * The studio's process as an object with a life: forked, introduced to pages by MessagePort, watched, started again.
 * Frames between a page and the studio don't pass through here.
 */
import { once } from 'node:events';
import { MessageChannelMain, type UtilityProcess, utilityProcess, type WebContents } from 'electron';
import type { Content } from '../engine/page.ts';
import type { ShellEvent, ShellMessage, StudioProcessMessage } from '../engine/shell-protocol.ts';
import type { Failure } from '../engine/studio-protocol.ts';
import { EngineProcesses, killNow } from './engine-processes.ts';
import { say } from './words.ts';

export interface StudioPlaces {
  studio: string;
  engine: string;
  library: string;
  model: string;
  upscaler: string;
}

export interface StudioListener {
  onEvent(event: ShellEvent): void;
  /** The library can't be opened, or the studio keeps stopping. It is not started again. */
  onRefused(failure: Failure): void;
}

/** So many losses within the window, and it is left alone. */
const MOST_LOSSES = 5;
const LOSS_WINDOW_MS = 60_000;
/** After this long a studio that was asked to end is ended. */
const PATIENCE_MS = 5_000;

export class StudioProcess {
  private child: UtilityProcess | undefined;
  private readonly engines: EngineProcesses;
  private readonly pages = new Set<WebContents>();
  private readonly fetches = new Map<number, (content: Content | null) => void>();
  private counter = 0;
  private losses: number[] = [];
  private isEnding = false;

  constructor(
    private readonly places: StudioPlaces,
    private readonly listener: StudioListener,
  ) {
    this.engines = new EngineProcesses(places.engine);
  }

  start(): void {
    const { studio, library, model, upscaler } = this.places;
    const folders = ['--library', library, '--checkpoint', model, '--upscaler', upscaler];
    const child = utilityProcess.fork(studio, folders, { serviceName: 'Tusk studio', stdio: 'inherit' });
    this.child = child;
    child.on('message', (message: StudioProcessMessage) => this.receive(message, child));
    child.once('exit', () => this.lost());
    for (const page of this.pages) this.introduce(page);
  }

  get isRunning(): boolean {
    return this.child !== undefined;
  }

  /** Gives the page a port to the studio, now and after each restart. A page that was reloaded connects anew. */
  connect(page: WebContents): void {
    if (!this.pages.has(page)) page.once('destroyed', () => this.pages.delete(page));
    this.pages.add(page);
    this.introduce(page);
  }

  /** A picture by its address; null if there is none. */
  fetch(address: string): Promise<Content | null> {
    if (!this.child) return Promise.resolve(null);
    this.counter += 1;
    const request = this.counter;
    this.tell({ tell: 'fetch', request, address });
    return new Promise((resolve) => this.fetches.set(request, resolve));
  }

  tell(message: ShellMessage): void {
    this.child?.postMessage(message);
  }

  /** Lets it close the library; resolves when its process has ended. */
  async stop(): Promise<void> {
    const { child } = this;
    this.isEnding = true;
    if (!child) return;
    const patience = setTimeout(() => killNow(child), PATIENCE_MS);
    const ended = once(child, 'exit');
    this.tell({ tell: 'stop' });
    await ended;
    clearTimeout(patience);
  }

  private introduce(page: WebContents): void {
    if (!this.child) return;
    const { port1, port2 } = new MessageChannelMain();
    this.child.postMessage({ tell: 'window' } satisfies ShellMessage, [port1]);
    page.postMessage('port', null, [port2]);
  }

  private receive(message: StudioProcessMessage, child: UtilityProcess): void {
    if (message.tell === 'event') this.listener.onEvent(message.event);
    if (message.tell === 'start-engine') this.engines.start(message.engine, child);
    if (message.tell === 'stop-engine') this.engines.stop(message.engine);
    if (message.tell === 'content') this.settle(message.request, message.content);
    if (message.tell === 'refused') this.refuse(message.failure);
  }

  private settle(request: number, content: Content | null): void {
    this.fetches.get(request)?.(content);
    this.fetches.delete(request);
  }

  private refuse(failure: Failure): void {
    this.isEnding = true;
    this.listener.onRefused(failure);
  }

  private lost(): void {
    this.child = undefined;
    this.engines.stopAll();
    for (const page of this.pages) page.send('lost');
    for (const request of [...this.fetches.keys()]) this.settle(request, null);
    if (this.isEnding) return;
    const now = performance.now();
    this.losses = [...this.losses.filter((at) => at > now - LOSS_WINDOW_MS), now];
    if (this.losses.length < MOST_LOSSES) this.start();
    else this.refuse(keepsStopping());
  }
}

const keepsStopping = (): Failure => ({
  code: 'internal',
  message: say('stopping.message'),
  hint: say('stopping.hint'),
});
