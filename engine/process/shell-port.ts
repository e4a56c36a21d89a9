/** Ports as a process gets them that was forked by the desktop shell instead of by Node. */
import type { Port } from '../protocol.ts';

interface ShellMessagePort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  start(): void;
  close(): void;
}

/** The line to the process that forked this one. */
export interface ShellLine {
  postMessage(message: unknown): void;
  on(
    event: 'message',
    listener: (event: { data: unknown; ports: readonly ShellMessagePort[] }) => void,
  ): unknown;
}

/** undefined under plain Node. */
export const shellLine = (process as unknown as { parentPort?: ShellLine }).parentPort;

/** Listens to the shell; a port that came with a message is handed over with it. */
export function onShellMessage(
  line: ShellLine,
  listener: (message: unknown, port: Port | undefined) => void,
): void {
  line.on('message', ({ data, ports: [port] }) => listener(data, port && asPort(port)));
}

function asPort(port: ShellMessagePort): Port {
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => {
      port.on('message', ({ data }) => listener(data));
      port.start();
    },
    onClose: (listener) => void port.once('close', listener),
    close: () => port.close(),
  };
}
