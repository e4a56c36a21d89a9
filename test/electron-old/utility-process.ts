/** A process like one of Electron's `utilityProcess`, but of the system's Node: Electron 9 has none. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { join } from 'node:path';
import { app, type MessagePortMain } from 'electron';
import { type Carried, pack, unpack } from './carried.ts';

export class OldUtilityProcess extends EventEmitter {
  private readonly child: ChildProcess;
  private readonly ports = new Map<number, MessagePortMain>();
  private portCount = 0;

  constructor(entry: string, args: readonly string[]) {
    super();
    const bootstrap = join(app.getAppPath(), 'dist', 'utility-bootstrap.mjs');
    this.child = spawn(process.env.TUSK_NODE!, ['--import', bootstrap, entry, ...args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child.on('message', (carried: Carried) => this.receive(carried));
    this.child.once('exit', (code, signal) => this.end(code ?? constants.signals[signal!]));
    setImmediate(() => this.emit('spawn'));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  postMessage(message: unknown, ports: MessagePortMain[] = []): void {
    this.send({ to: 'process', message: pack(message), ports: ports.map((port) => this.adopt(port)) });
  }

  private adopt(port: MessagePortMain): number {
    this.portCount += 1;
    const id = this.portCount;
    this.ports.set(id, port);
    port.on('message', ({ data }) => this.send({ to: 'port', id, message: pack(data) }));
    port.once('close', () => this.send({ to: 'port', id, message: null }));
    port.start();
    return id;
  }

  private send(carried: Carried): void {
    if (this.child.connected) this.child.send(carried);
  }

  private receive(carried: Carried): void {
    if (carried.to === 'process') this.emit('message', unpack(carried.message));
    else if (carried.message) this.ports.get(carried.id)?.postMessage(unpack(carried.message));
    else this.ports.get(carried.id)?.close();
  }

  /** @param code or the number of the signal, as Electron has it from waitpid */
  private end(code: number): void {
    for (const port of this.ports.values()) port.close();
    this.emit('exit', code);
  }
}
