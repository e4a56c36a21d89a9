/** Engines that the desktop shell starts on the studio's demand: only the shell may fork, ports come from it later. */
import { EngineClient } from '../client.ts';
import type { Ending, Port } from '../protocol.ts';
import type { StudioProcessMessage } from '../shell-protocol.ts';
import { endingOf, type SpawnedEngine } from '../spawn.ts';

export class ShellEngines {
  private readonly engines = new Map<number, ShellEngine>();
  private counter = 0;

  constructor(private readonly ask: (message: StudioProcessMessage) => void) {}

  spawn(): SpawnedEngine {
    this.counter += 1;
    const number = this.counter;
    const engine = new ShellEngine(() => this.ask({ tell: 'stop-engine', engine: number }));
    this.engines.set(number, engine);
    this.ask({ tell: 'start-engine', engine: number });
    return engine;
  }

  introduce(number: number, pid: number, port: Port): void {
    this.engines.get(number)?.introduce(pid, port);
  }

  /** @param code its exit code, or the number of the signal that ended it */
  gone(number: number, code: number): void {
    this.engines.get(number)?.end(endingOf(code));
    this.engines.delete(number);
  }
}

/** What is sent before the port is there waits for it. */
class ShellEngine implements SpawnedEngine {
  readonly client: EngineClient;
  pid = 0;
  private port: Port | undefined;
  private readonly waiting: unknown[] = [];
  private receive: (message: unknown) => void = () => {};
  private readonly endListeners: ((ending: Ending) => void)[] = [];
  private readonly ended: Promise<unknown>;
  private isStopped = false;

  constructor(private readonly askToStop: () => void) {
    this.ended = new Promise((resolve) => this.endListeners.push(resolve));
    this.client = new EngineClient({
      send: (message) => (this.port ? this.port.send(message) : void this.waiting.push(message)),
      onMessage: (listener) => {
        this.receive = listener;
      },
      onClose: (listener) => void this.endListeners.push(listener),
      close: () => this.port?.close(),
    });
  }

  introduce(pid: number, port: Port): void {
    this.pid = pid;
    this.port = port;
    port.onMessage((message) => this.receive(message));
    for (const message of this.waiting.splice(0)) port.send(message);
  }

  onExit(listener: () => void): void {
    this.endListeners.push(listener);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.askToStop();
    await this.ended;
  }

  end(ending: Ending): void {
    for (const listener of this.endListeners.splice(0)) listener(this.isStopped ? 'ended' : ending);
  }
}
