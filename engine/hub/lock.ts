/**
 * One at a time works on a folder, in this process or another. A socket in the system's folder for temporary files
 * holds the lock: whoever dies lets go of it, and nothing about the owner has to be guessed.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TuskError } from '../errors.ts';

/** @returns how to let go. @throws TuskError `unavailable` if another one holds it */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const unlock = await tryLock(folder);
  if (unlock) return unlock;
  throw new TuskError('unavailable', `Tusk is at work on ${folder} already.`, {
    hint: 'Wait for it, or pause it where it was started.',
  });
}

/** Undefined if another one holds it. */
export async function tryLock(folder: string): Promise<(() => Promise<void>) | undefined> {
  const path = socketPath(resolve(folder));
  const server = (await listen(path)) ?? ((await isAnswered(path)) ? undefined : await listenAnew(path));
  if (!server) return undefined;
  server.unref();
  return async () => {
    server.close();
    await once(server, 'close');
  };
}

function socketPath(folder: string): string {
  const name = `tusk-${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`;
  return process.platform === 'win32' ? `\\\\?\\pipe\\${name}` : join(tmpdir(), `${name}.lock`);
}

/** Undefined if there is a socket already. */
async function listen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  server.listen(path);
  try {
    await once(server, 'listening');
    return server;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw thrown;
  }
}

/** What a killed owner left. */
async function listenAnew(path: string): Promise<Server | undefined> {
  await rm(path, { force: true });
  return listen(path);
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
