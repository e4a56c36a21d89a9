/**
 * Entry of the engine's process, started by `child_process.fork` with `serialization: 'advanced'`, or by the desktop
 * shell, which sends the port of its client. It ends with its parent. Ctrl-C on a terminal reaches parent and child:
 * the parent decides, so the child ignores it.
 */
import { log } from './log.ts';
import { parseMachine } from './memory/machine.ts';
import { createHandlers } from './process/handlers.ts';
import { serve } from './process/serve.ts';
import { onShellMessage, shellLine } from './process/shell-port.ts';
import type { Port } from './protocol.ts';

const parentPort: Port = {
  send: (message) => void (process.connected && process.send?.(message)),
  onMessage: (listener) => void process.on('message', listener),
  onClose: (listener) => void process.once('disconnect', listener),
  close: () => process.disconnect(),
};

process.on('SIGINT', () => {});
process.on('unhandledRejection', (reason) => {
  log.error(`unhandled rejection: ${reason instanceof Error ? reason.stack : reason}`);
  process.exit(1);
});
process.once('disconnect', () => process.exit(0));
const handlers = createHandlers({
  threads: Number(process.env.TUSK_THREADS ?? 0),
  machine: parseMachine(process.env.TUSK_MEMORY, process.env.TUSK_GPU_MEMORY),
});
if (shellLine) onShellMessage(shellLine, (_, port) => port && serve(port, handlers));
else serve(parentPort, handlers);
