/** Where things lie, in the repository and in the installed app alike. */
import { join } from 'node:path';
import { app } from 'electron';

export interface Places {
  /** The built page. */
  page: string;
  preload: string;
  /** Entries of the two processes, started by path. */
  studio: string;
  engine: string;
  /** The embedded checkpoint: ordinary files, since the engine maps them. */
  model: string;
  /** The network that enlarges, likewise. */
  upscaler: string;
  /** Pictures and chats. */
  library: string;
  /** Of the window, where the system doesn't take it from the app. */
  icon: string;
  /** What the shell itself remembers. */
  windowState: string;
  /** Where to look for updates; only in an installed app whose packager named an address. */
  updateFeed: string;
}

export function findPlaces(): Places {
  const built = join(app.getAppPath(), 'dist');
  const resources = app.isPackaged ? process.resourcesPath : join(app.getAppPath(), 'assets');
  return {
    page: join(built, 'renderer'),
    preload: join(built, 'electron', 'preload.cjs'),
    studio: join(built, 'studio-process.js'),
    engine: join(built, 'process.js'),
    model: process.env.TUSK_CHECKPOINT ?? join(resources, 'model'),
    upscaler: join(resources, 'upscaler'),
    library: process.env.TUSK_LIBRARY ?? join(app.getPath('pictures'), 'Tusk'),
    icon: join(app.getAppPath(), 'assets', 'icons', 'linux', '512x512.png'),
    windowState: join(app.getPath('userData'), 'window.json'),
    updateFeed: join(resources, 'app-update.yml'),
  };
}
