/** Runs in the window before the page: names what the page may ask, and passes on what it is told. No logic. */
import { contextBridge, ipcRenderer } from 'electron';
import type { Bridge, Command, LostMessage, PickedFile, PortMessage } from './bridge.ts';

const bridge = {
  connect: () => ipcRenderer.invoke('connect'),
  openFiles: (kind) => ipcRenderer.invoke('openFiles', kind),
  saveFile: (file) => ipcRenderer.invoke('saveFile', file),
  chooseFolder: () => ipcRenderer.invoke('chooseFolder'),
  openExternal: (address) => ipcRenderer.invoke('openExternal', address),
  copyText: (text) => ipcRenderer.invoke('copyText', text),
  dragOut: (versionId) => ipcRenderer.invoke('dragOut', versionId),
  onCommand: (listener) => void ipcRenderer.on('command', (_, command: Command) => listener(command)),
  onProject: (listener) => void ipcRenderer.on('project', (_, file: PickedFile) => listener(file)),
} satisfies Bridge;

contextBridge.exposeInMainWorld('tusk', bridge);
ipcRenderer.on('port', ({ ports }) => window.postMessage('tusk:port' satisfies PortMessage, '/', ports));
ipcRenderer.on('lost', () => window.postMessage('tusk:lost' satisfies LostMessage, '/'));
