/** Boots the app: read `main` as a list. */
import { app, BrowserWindow, clipboard, dialog, protocol, session, type WebContents } from 'electron';
import type { ShellEvent } from '../engine/shell-protocol.ts';
import type { Failure } from '../engine/studio-protocol.ts';
import { Background } from './background.ts';
import type { Command } from './bridge.ts';
import { chooseFolder, openFiles, saveFile } from './dialogs.ts';
import { dragOut } from './drag-out.ts';
import { openExternal } from './external.ts';
import { type BridgeHandlers, serveBridge } from './ipc.ts';
import { denyPermissions, lockDown } from './lock-down.ts';
import { setMenu } from './menu.ts';
import { findPlaces, type Places } from './places.ts';
import { Projects, projectIn } from './projects.ts';
import { pageHandler, SCHEMES } from './scheme.ts';
import { applySettings } from './settings.ts';
import { StudioProcess } from './studio-process.ts';
import { type NoteCall, Updater } from './updater.ts';
import { openWindow } from './window.ts';

const isMac = process.platform === 'darwin';
const devTools = !app.isPackaged;
const projects = new Projects();
let window: BrowserWindow | undefined;

async function main(): Promise<void> {
  // Before the app is ready, or they have no effect.
  app.enableSandbox();
  protocol.registerSchemesAsPrivileged(SCHEMES);
  app.setAppUserModelId('app.tusk.desktop');
  // Before any file is opened: the library has one owner.
  if (!app.requestSingleInstanceLock()) return app.quit();
  app.on('web-contents-created', (_, contents) => lockDown(contents));
  app.on('second-instance', (_, argv) => comeForward(projectIn(argv)));
  app.on('open-file', (event, path) => {
    event.preventDefault();
    comeForward(path);
  });
  await app.whenReady();
  const places = findPlaces();
  const studio = createStudio(places);
  denyPermissions(session.defaultSession);
  protocol.handle('tusk', pageHandler({ folder: places.page, picture: (address) => studio.fetch(address) }));
  serveBridge(bridgeHandlers(studio));
  showMenu();
  studio.start();
  projects.open(projectIn(process.argv));
  showWindow(places);
  app.on('activate', () => showWindow(places));
  app.on('window-all-closed', () => isMac || app.quit());
  app.on('will-quit', (event) => endStudio(event, studio));
}

function createStudio(places: Places): StudioProcess {
  const background = new Background(() => window);
  const noteCall: NoteCall = (call) => studio.tell({ tell: 'network-call', ...call });
  const updater = new Updater(places.updateFeed, noteCall);
  const onEvent = (event: ShellEvent) => {
    if (event.event === 'job') background.onJob(event.job);
    else applySettings(event.settings, { background, updater, onLanguage: showMenu });
  };
  const studio = new StudioProcess(places, { onEvent, onRefused: giveUp });
  return studio;
}

function bridgeHandlers(studio: StudioProcess): BridgeHandlers {
  return {
    connect: async (page) => {
      studio.connect(page);
      projects.handOver(page);
    },
    openFiles: (page, kind) => openFiles(windowOf(page), kind),
    saveFile: (page, file) => saveFile(windowOf(page), file),
    chooseFolder: (page) => chooseFolder(windowOf(page)),
    openExternal: (_, address) => openExternal(address),
    copyText: async (_, text) => clipboard.writeText(text),
    dragOut: async (page, versionId) => dragOut(page, await studio.fetch(`/pictures/${versionId}`)),
  };
}

function windowOf(page: WebContents): BrowserWindow {
  const found = BrowserWindow.fromWebContents(page);
  if (!found) throw new Error('The window is gone.');
  return found;
}

function showWindow({ preload, icon, windowState }: Places): void {
  window?.show();
  if (window) return;
  window = openWindow({ preload, icon, statePath: windowState, devTools });
  window.once('closed', () => {
    window = undefined;
  });
}

/** Somebody started Tusk again, or opened a file of it. */
function comeForward(project: string | undefined): void {
  projects.open(project);
  if (window?.isMinimized()) window.restore();
  window?.show();
  window?.focus();
}

const showMenu = (): void => setMenu({ isMac, devTools, send });

const send = (command: Command): void => window?.webContents.send('command', command);

function giveUp({ message, hint }: Failure): void {
  dialog.showErrorBox('Tusk', [message, hint].filter(Boolean).join('\n\n'));
  app.quit();
}

/** Quitting waits until the library is closed. */
function endStudio(event: Electron.Event, studio: StudioProcess): void {
  if (!studio.isRunning) return;
  event.preventDefault();
  void studio.stop().finally(() => app.quit());
}

process.on('unhandledRejection', (reason) => console.error('unhandled rejection:', reason));
void main();
