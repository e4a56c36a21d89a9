/** The one window. */
import { BrowserWindow, nativeTheme, type WebPreferences } from 'electron';
import { isPage, PAGE } from './scheme.ts';
import { keepWindowState, readWindowState } from './window-state.ts';

/** @param devTools only while Tusk is developed. */
export const webPreferences = (preload: string, devTools: boolean): Readonly<WebPreferences> =>
  Object.freeze({
    preload,
    devTools,
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    /** Words are composed here, and a dictionary would be downloaded. */
    spellcheck: false,
  });

const SMALLEST = { minWidth: 400, minHeight: 480 };
/** The page's token `--canvas`, so that nothing flashes before it is there. */
const BACKGROUND = { light: '#efece6', dark: '#141312' };

export interface WindowOptions {
  preload: string;
  icon: string;
  statePath: string;
  devTools: boolean;
}

export function openWindow({ preload, icon, statePath, devTools }: WindowOptions): BrowserWindow {
  const { isMaximized = false, ...bounds } = readWindowState(statePath);
  const window = new BrowserWindow({
    ...bounds,
    ...SMALLEST,
    show: false,
    title: 'Tusk',
    icon,
    backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
    webPreferences: webPreferences(preload, devTools),
  });
  keepWindowState(window, statePath);
  window.once('ready-to-show', () => (isMaximized ? window.maximize() : window.show()));
  // `about:blank` needs no request, so that none can be refused.
  window.webContents.on('did-navigate', (_, address) => isPage(address) || void window.loadURL(PAGE));
  void window.loadURL(PAGE);
  return window;
}
