/** Starts the engine as a child process under plain Node and connects a client to it. */
import { type ChildProcess, fork } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { EngineClient } from './client.ts';
import type { Ending, Port } from './protocol.ts';

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
  let isStopped = false;
  return {
    client: new EngineClient(childPort(child, () => isStopped)),
    pid: child.pid ?? 0,
    onExit: (listener) => void child.once('exit', listener),
    stop: () => {
      isStopped = true;
      return stop(child);
    },
  };
}

const KILLED = constants.signals.SIGKILL;
/** What a shell or a container in between makes of it. */
const KILLED_BELOW = 128 + KILLED;

/** @param code a process's exit code, or the number of the signal that ended it */
export const endingOf = (code: number): Ending =>
  code === KILLED || code === KILLED_BELOW ? 'killed' : 'ended';

/**
 * A message to a process that is being killed finds a broken pipe: `error` says so, as often as it happens, and how the
 * process ended comes later. One that never began has no other end.
 */
function childPort(child: ChildProcess, isStopped: () => boolean): Port {
  return {
    send: (message) => void (child.connected && child.send(message as object)),
    onMessage: (listener) => void child.on('message', listener),
    onClose: (listener) => {
      child.once('exit', (code, signal) =>
        listener(isStopped() ? 'ended' : endingOf(code ?? constants.signals[signal!])),
      );
      child.on('error', () => child.pid === undefined && listener('ended'));
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
