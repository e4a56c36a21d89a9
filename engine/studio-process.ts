/**
 * Entry of the studio's process under the desktop shell, which passes the folders of library, checkpoint and upscaler,
 * introduces windows and engines by port, and starts it again when it is lost. Jobs are on disk, so nothing is.
 */
import { parseArgs } from 'node:util';
import { log } from './log.ts';
import { onShellMessage, type ShellLine, shellLine } from './process/shell-port.ts';
import type { Port } from './protocol.ts';
import { contentAt } from './server/files.ts';
import type { ShellMessage, StudioProcessMessage } from './shell-protocol.ts';
import { failureOf } from './studio/failures.ts';
import { serveWindow } from './studio/serve-window.ts';
import { ShellEngines } from './studio/shell-engines.ts';
import { Studio } from './studio/studio.ts';

const FOLDER = { type: 'string' } as const;
const OPTIONS = { library: FOLDER, checkpoint: FOLDER, upscaler: FOLDER };
const NO_FILES: ReadonlyMap<string, string> = new Map();

async function main(line: ShellLine): Promise<void> {
  const { library, checkpoint, upscaler } = parseArgs({ options: OPTIONS }).values;
  const send = (message: StudioProcessMessage) => line.postMessage(message);
  const engines = new ShellEngines(send);
  const opened = Studio.open({
    folder: library ?? '',
    spawn: () => engines.spawn(),
    ...(checkpoint && { checkpoint }),
    ...(upscaler && { upscaler }),
  });
  onShellMessage(line, (raw, port) => {
    const message = raw as ShellMessage;
    if (message.tell === 'engine') engines.introduce(message.engine, message.pid, port!);
    else if (message.tell === 'engine-gone') engines.gone(message.engine, message.code);
    else if (message.tell === 'stop') void end(opened);
    else void opened.then((studio) => obey(studio, message, port, send)).catch(() => {});
  });
  await opened.then((studio) => tellShell(studio, send)).catch((thrown) => refuse(thrown, send));
}

type Send = (message: StudioProcessMessage) => void;

async function obey(
  studio: Studio,
  message: ShellMessage,
  port: Port | undefined,
  send: Send,
): Promise<void> {
  if (message.tell === 'window') serveWindow(studio, port!);
  if (message.tell === 'fetch') {
    const content = await contentAt(message.address, studio, NO_FILES).catch(() => undefined);
    send({ tell: 'content', request: message.request, content: content ?? null });
  }
  if (message.tell === 'network-call') studio.recordNetworkCall(message);
}

async function end(opened: Promise<Studio>): Promise<void> {
  const studio = await opened.catch(() => undefined);
  await studio?.close();
  process.exit(0);
}

/** What the shell shows outside the window. */
async function tellShell(studio: Studio, send: Send): Promise<void> {
  studio.subscribe((event) => {
    if (event.event === 'job' || event.event === 'settings') send({ tell: 'event', event });
  });
  const { settings } = await studio.call('studio.open', {});
  send({ tell: 'event', event: { event: 'settings', settings } });
}

/** The shell shows it and stays closed: starting again would not help. */
function refuse(thrown: unknown, send: Send): void {
  const failure = failureOf(thrown);
  log.error(failure.message);
  send({ tell: 'refused', failure });
}

process.on('unhandledRejection', (reason) => {
  log.error(`unhandled rejection: ${reason instanceof Error ? reason.stack : reason}`);
  process.exit(1);
});

if (!shellLine) throw new Error('The studio process is started by the desktop shell.');
await main(shellLine);
