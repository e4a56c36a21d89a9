/** Loaded into a process of utility-process.ts before its entry: what Electron gives a utility process. */
import { EventEmitter } from 'node:events';
import { type Carried, pack, unpack } from './carried.ts';

const send = (carried: Carried): void => void (process.connected && process.send!(carried));

/** Keeps what comes until it is started. */
class Port extends EventEmitter {
  private waiting: unknown[] | undefined = [];
  constructor(private readonly id: number) {
    super();
  }
  postMessage = (message: unknown): void => send({ to: 'port', id: this.id, message: pack(message) });
  close = (): void => send({ to: 'port', id: this.id, message: null });
  start(): void {
    const { waiting = [] } = this;
    this.waiting = undefined;
    for (const data of waiting) this.emit('message', { data });
  }
  receive(data: unknown): void {
    if (this.waiting) this.waiting.push(data);
    else this.emit('message', { data });
  }
}

class ParentPort extends EventEmitter {
  postMessage = (message: unknown): void => send({ to: 'process', message: pack(message), ports: [] });
}

const parentPort = new ParentPort();
const ports = new Map<number, Port>();

/** What comes before its listener waits for it. */
const waiting: Carried[] = [];

function receive(carried: Carried): void {
  if (parentPort.listenerCount('message') === 0) waiting.push(carried);
  else if (carried.to === 'process')
    parentPort.emit('message', { data: unpack(carried.message), ports: carried.ports.map(portOf) });
  else if (carried.message) ports.get(carried.id)?.receive(unpack(carried.message));
  else ports.get(carried.id)?.emit('close');
}

function portOf(id: number): Port {
  const port = new Port(id);
  ports.set(id, port);
  return port;
}

parentPort.on('newListener', () => setImmediate(() => waiting.splice(0).forEach(receive)));
process.on('message', (carried) => receive(carried as Carried));
Object.assign(process, { parentPort });
