/** Where a system keeps what programs fetch and what they can make again. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export const modelsFolder = (): string => join(dataFolder(), 'models');

/** Compiled checkpoints: large, and made again whenever they are gone. */
export const compiledFolder = (): string => join(cacheFolder(), 'compiled');

/** What self-tests of devices found. */
export const devicesFile = (): string => join(dataFolder(), 'devices.json');

function dataFolder(): string {
  const home = homedir();
  if (process.platform === 'win32') return join(process.env.LOCALAPPDATA ?? home, 'Tusk');
  if (process.platform === 'darwin') return join(home, 'Library', 'Application Support', 'Tusk');
  return join(process.env.XDG_DATA_HOME ?? join(home, '.local', 'share'), 'tusk');
}

function cacheFolder(): string {
  const home = homedir();
  if (process.platform === 'win32') return join(process.env.LOCALAPPDATA ?? home, 'Tusk', 'cache');
  if (process.platform === 'darwin') return join(home, 'Library', 'Caches', 'Tusk');
  return join(process.env.XDG_CACHE_HOME ?? join(home, '.cache'), 'tusk');
}
