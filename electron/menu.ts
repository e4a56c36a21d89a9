/** The application's menu. What a page can do itself is sent to it as a command. */
import { Menu, type MenuItemConstructorOptions } from 'electron';
import type { Command } from './bridge.ts';

export interface MenuOptions {
  isMac: boolean;
  /** Shows the developer's entries. */
  devTools: boolean;
  send(command: Command): void;
}

export function setMenu(options: MenuOptions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(options)));
}

export function menuTemplate({ isMac, devTools, send }: MenuOptions): MenuItemConstructorOptions[] {
  const item = (label: string, command: Command, accelerator?: string): MenuItemConstructorOptions => ({
    label,
    click: () => send(command),
    ...(accelerator && { accelerator }),
  });
  return [
    ...(isMac ? [{ role: 'appMenu' as const }] : []),
    {
      label: '&File',
      submenu: [
        item('New Chat', 'new-chat', 'CmdOrCtrl+N'),
        item('Import Pictures…', 'import-pictures', 'CmdOrCtrl+O'),
        item('Open Chat File…', 'open-project', 'CmdOrCtrl+Shift+O'),
        { type: 'separator' },
        item('Settings', 'settings', 'CmdOrCtrl+,'),
        { type: 'separator' },
        { role: isMac ? 'close' : 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        item('Library', 'library'),
        item('Command Palette', 'palette'),
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
        ...(devTools ? [{ role: 'reload' as const }, { role: 'toggleDevTools' as const }] : []),
      ],
    },
    { role: 'windowMenu' },
    { role: 'help', submenu: [item('Keyboard Shortcuts', 'shortcuts')] },
  ];
}
