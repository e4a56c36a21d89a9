/** Starts the engine as a child process under plain Node and connects a client to it. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EngineClient } from './client.ts';
import type { Port } from './protocol.ts';

export interface SpawnedEngine {
  client: EngineClient;
  pid: number;
  /** Called once when the process has ended, whatever the reason. */
  onExit(listener: () => void): void;
  /** Ends the process at once; pending requests reject with `engine-gone`. */
  stop(): Promise<void>;
}

const isSource = import.meta.url.endsWith('.ts');
const ENTRY = fileURLToPath(new URL(isSource ? './process.ts' : './process.js', import.meta.url));
const LOADER = isSource ? ['--import', import.meta.resolve('tsx')] : [];

/**
 * @param environment what it is told beside this process's own
 * @param entry another build of the process
 */
export function spawnEngine(environment: NodeJS.ProcessEnv = {}, entry = ENTRY): SpawnedEngine {
  const child = fork(entry, [], {
    env: { ...process.env, ...environment },
    serialization: 'advanced',
    execArgv: entry.endsWith('.ts') ? LOADER : [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return {
    client: new EngineClient(childPort(child)),
    pid: child.pid ?? 0,
    onExit: (listener) => void child.once('exit', listener),
    stop: () => stop(child),
  };
}

/** A message to a process that is being killed finds a broken pipe: `error` says so, as often as it happens. */
function childPort(child: ChildProcess): Port {
  return {
    send: (message) => void (child.connected && child.send(message as object)),
    onMessage: (listener) => void child.on('message', listener),
    onClose: (listener) => {
      let told = false;
      const tell = () => {
        if (!told) listener();
        told = true;
      };
      for (const event of ['exit', 'error', 'disconnect'] as const) child.on(event, tell);
    },
    close: () => child.disconnect(),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // Not `once` of node:events: an `error` on the way, of a message that found a broken pipe, would reject it.
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
