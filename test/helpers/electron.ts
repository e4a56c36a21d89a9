/**
 * Electron's side of the shell, recorded: what the modules under electron/ import instead of the real package when
 * `test/helpers/use-fake-electron.ts` was loaded first. Each part is typed against electron.d.ts.
 */
import { EventEmitter } from 'node:events';
import type * as Electron from 'electron';

/** What was called, in order. */
export const calls: string[] = [];
export const handled = new Map<string, (event: unknown, ...args: unknown[]) => unknown>();
export const opened: string[] = [];
export const copied: string[] = [];
export const forks: FakeUtilityProcess[] = [];
export const windows: BrowserWindow[] = [];
export const notifications: Electron.NotificationConstructorOptions[] = [];
export const state = { hasLock: true, isPackaged: false, permission: undefined as undefined | boolean };
export const feeds: unknown[] = [];

const note = (name: string): void => void calls.push(name);

class FakeApp extends EventEmitter {
  get isPackaged(): boolean {
    return state.isPackaged;
  }
  enableSandbox = () => note('app.enableSandbox');
  setAppUserModelId = () => note('app.setAppUserModelId');
  quit = () => note('app.quit');
  getAppPath = () => '/app';
  getPath = (name: string) => `/paths/${name}`;
  requestSingleInstanceLock(): boolean {
    note('app.requestSingleInstanceLock');
    return state.hasLock;
  }
  async whenReady(): Promise<void> {
    note('app.whenReady');
  }
}

export const app = new FakeApp() satisfies Pick<
  Electron.App,
  | 'enableSandbox'
  | 'setAppUserModelId'
  | 'quit'
  | 'getAppPath'
  | 'requestSingleInstanceLock'
  | 'whenReady'
  | 'isPackaged'
>;

export const protocol = {
  registerSchemesAsPrivileged: (schemes) => note(`protocol.register ${schemes.map(({ scheme }) => scheme)}`),
  handle: (scheme) => note(`protocol.handle ${scheme}`),
} satisfies Pick<Electron.Protocol, 'registerSchemesAsPrivileged' | 'handle'>;

type RequestHandler = Parameters<Electron.Session['setPermissionRequestHandler']>[0];
type CheckHandler = Parameters<Electron.Session['setPermissionCheckHandler']>[0];
type DeviceHandler = Parameters<Electron.Session['setDevicePermissionHandler']>[0];
export const permissions: { request: RequestHandler; check: CheckHandler; device: DeviceHandler } = {
  request: null,
  check: null,
  device: null,
};

export const session = {
  defaultSession: {
    setPermissionRequestHandler: (handler: RequestHandler) => {
      permissions.request = handler;
    },
    setPermissionCheckHandler: (handler: CheckHandler) => {
      permissions.check = handler;
    },
    setDevicePermissionHandler: (handler: DeviceHandler) => {
      permissions.device = handler;
      note('session.setDevicePermissionHandler');
    },
  } satisfies Pick<
    Electron.Session,
    'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
  >,
};

export const ipcMain = {
  handle: (channel, listener) => {
    handled.set(channel, listener as (event: unknown, ...args: unknown[]) => unknown);
  },
} satisfies Pick<Electron.IpcMain, 'handle'>;

export const shell = {
  openExternal: async (url: string) => void opened.push(url),
} satisfies Pick<Electron.Shell, 'openExternal'>;

export const clipboard = { writeText: async (text: string) => void copied.push(text) } satisfies Pick<
  Electron.Clipboard,
  'writeText'
>;

export const dialog = {
  showErrorBox: (_title: string, content: string) => note(`dialog ${content}`),
} satisfies Pick<Electron.Dialog, 'showErrorBox'>;

export const nativeTheme = { themeSource: 'system', shouldUseDarkColors: false };
export const nativeImage = {};
export const Menu = { setApplicationMenu: () => note('menu'), buildFromTemplate: () => ({}) };
export const screen = {
  getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }],
};

export class Notification extends EventEmitter {
  static isSupported = () => true;
  constructor(private readonly options: Electron.NotificationConstructorOptions) {
    super();
  }
  show = () => void notifications.push(this.options);
}

export class FakeContents extends EventEmitter {
  readonly sent: { channel: string; ports: number }[] = [];
  readonly mainFrame = { url: 'tusk://app/' };
  openHandler: Parameters<Electron.WebContents['setWindowOpenHandler']>[0] = () => ({ action: 'deny' });
  setWindowOpenHandler: Electron.WebContents['setWindowOpenHandler'] = (handler) => {
    this.openHandler = handler;
  };
  send: Electron.WebContents['send'] = (channel) => void this.sent.push({ channel, ports: 0 });
  postMessage: Electron.WebContents['postMessage'] = (channel, _message, ports = []) =>
    void this.sent.push({ channel, ports: ports.length });
  asContents = () => this as unknown as Electron.WebContents;
}

export class BrowserWindow extends EventEmitter {
  static fromWebContents = () => windows[0];
  readonly webContents = new FakeContents();
  readonly loaded: string[] = [];
  readonly progress: number[] = [];
  focused = true;
  constructor(readonly options: Electron.BrowserWindowConstructorOptions) {
    super();
    note('window');
    windows.push(this);
  }
  loadURL = async (url: string) => void this.loaded.push(url);
  setProgressBar = (value: number) => void this.progress.push(value);
  isFocused = () => this.focused;
  isMinimized = () => false;
  isMaximized = () => false;
  show = () => note('window.show');
  focus = () => note('window.focus');
  getNormalBounds = () => ({ x: 10, y: 20, width: 900, height: 700 });
}

export class MessageChannelMain {
  readonly port1 = {};
  readonly port2 = {};
}

export class FakeUtilityProcess extends EventEmitter {
  readonly posted: { message: { tell?: string }; ports: number }[] = [];
  readonly pid: number | undefined = undefined;
  constructor(
    readonly path: string,
    readonly args: readonly string[],
  ) {
    super();
  }
  postMessage: Electron.UtilityProcess['postMessage'] = (message, ports = []) =>
    void this.posted.push({ message, ports: ports.length });
}

export const utilityProcess = {
  fork(path: string, args: readonly string[] = []) {
    note(`fork ${path}`);
    const child = new FakeUtilityProcess(path, args);
    forks.push(child);
    return child;
  },
};

/** electron-updater's part. */
export const autoUpdater = Object.assign(new EventEmitter(), {
  autoDownload: true,
  autoInstallOnAppQuit: false,
  setFeedURL: (feed: unknown) => void feeds.push(feed),
  checkForUpdates: async () => note('update check'),
  downloadUpdate: async () => note('update download'),
});
