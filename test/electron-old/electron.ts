/**
 * What electron/ gets as `electron` under Electron 9: the real package, and by small means what it lacked then. A
 * bundle for the smoke suite takes this file in its place (build.ts); the product never sees it.
 */

import type { IpcMainInvokeEvent, WebContents, WebFrameMain } from 'electron';
import * as electron from 'electron';
import { OldUtilityProcess } from './utility-process.ts';

export {
  BrowserWindow,
  clipboard,
  dialog,
  Menu,
  MessageChannelMain,
  Notification,
  nativeImage,
  nativeTheme,
  screen,
  session,
  shell,
} from 'electron';

export const { app } = electron;

/** Chromium's own sandbox refuses to run as root, where CI runs; the window's `sandbox: true` stays. */
if (process.getuid?.() === 0) app.enableSandbox = () => {};

interface OldProtocol {
  registerBufferProtocol(
    scheme: string,
    handler: (request: { url: string; method: string }, answer: (response: OldResponse) => void) => void,
  ): void;
}

interface OldResponse {
  statusCode: number;
  headers: Record<string, string>;
  mimeType: string;
  data: Buffer;
}

/** Since Electron 25. */
export const protocol: Pick<Electron.Protocol, 'registerSchemesAsPrivileged' | 'handle'> = {
  registerSchemesAsPrivileged: (schemes) => electron.protocol.registerSchemesAsPrivileged(schemes),
  handle: (scheme, handler) =>
    (electron.protocol as unknown as OldProtocol).registerBufferProtocol(
      scheme,
      ({ url, method }, answer) => {
        void Promise.resolve(handler(new Request(url, { method })))
          .then(asOld)
          .then(answer);
      },
    ),
};

async function asOld(response: Response): Promise<OldResponse> {
  const headers = Object.fromEntries(response.headers.entries());
  const mimeType = (headers['content-type'] ?? '').split(';')[0]!;
  return { statusCode: response.status, headers, mimeType, data: Buffer.from(await response.arrayBuffer()) };
}

/** Since Electron 22. */
export const utilityProcess = {
  fork: (entry: string, args: string[] = []) => new OldUtilityProcess(entry, args),
};

/** `senderFrame` since Electron 12: before, a frame was a number. */
export const ipcMain: Pick<Electron.IpcMain, 'handle'> = {
  handle: (channel, listener) =>
    electron.ipcMain.handle(channel, (event, ...args) => {
      const { frameId } = event as unknown as { frameId: number };
      const { sender } = event;
      const isMain = frameId === mainFrameIds.get(sender);
      const senderFrame = isMain ? sender.mainFrame : ({ url: '' } as WebFrameMain);
      return listener({ sender, senderFrame } as IpcMainInvokeEvent, ...args);
    }),
};

const mainFrameIds = new WeakMap<WebContents, number>();

/** `mainFrame` and `setWindowOpenHandler` since Electron 12. */
app.on('web-contents-created', (_, contents) => {
  contents.on('did-frame-navigate', (_event, _url, _code, _text, isMainFrame, _process, routingId) => {
    if (isMainFrame) mainFrameIds.set(contents, routingId);
  });
  Object.defineProperty(contents, 'mainFrame', { get: mainFrameOf });
  contents.setWindowOpenHandler = (handler) => {
    (contents as unknown as NewWindows).on('new-window', (event, url) => {
      if (handler({ url } as Electron.HandlerDetails).action === 'deny') event.preventDefault();
    });
  };
});

interface NewWindows {
  on(event: 'new-window', listener: (event: Electron.Event, url: string) => void): void;
}

const frames = new WeakMap<WebContents, { readonly url: string }>();

/** The same object each time, as in Electron 12. */
function mainFrameOf(this: WebContents): { readonly url: string } {
  const contents = this;
  const frame = frames.get(contents) ?? {
    get url() {
      return contents.getURL();
    },
  };
  frames.set(contents, frame);
  return frame;
}

/** Since Electron 16. There are no such devices in 9. */
void app.whenReady().then(() => {
  electron.session.defaultSession.setDevicePermissionHandler ??= () => {};
});
