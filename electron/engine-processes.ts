/** Engines, each in a utility process of its own, forked on the studio's demand: only the main process can fork. */
import { MessageChannelMain, type UtilityProcess, utilityProcess } from 'electron';
import type { ShellMessage } from '../engine/shell-protocol.ts';

export class EngineProcesses {
  private readonly children = new Map<number, UtilityProcess>();

  constructor(private readonly entry: string) {}

  /** Gives one end of a channel to the engine, the other to the studio, which is also told of its end. */
  start(engine: number, studio: UtilityProcess): void {
    const child = utilityProcess.fork(this.entry, [], { serviceName: 'Tusk engine', stdio: 'inherit' });
    const { port1, port2 } = new MessageChannelMain();
    this.children.set(engine, child);
    child.postMessage('client', [port1]);
    child.once('spawn', () => {
      studio.postMessage({ tell: 'engine', engine, pid: child.pid ?? 0 } satisfies ShellMessage, [port2]);
    });
    child.once('exit', (code) => {
      if (!this.children.delete(engine)) return;
      studio.postMessage({ tell: 'engine-gone', engine, code } satisfies ShellMessage);
    });
  }

  stop(engine: number): void {
    const child = this.children.get(engine);
    if (child) killNow(child);
  }

  /** Nobody is told: the studio that used them is gone. */
  stopAll(): void {
    const children = [...this.children.values()];
    this.children.clear();
    for (const child of children) killNow(child);
  }
}

/** Also one that hangs: `UtilityProcess.kill` asks, and a stopped process doesn't hear. */
export function killNow({ pid }: UtilityProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}
