/** The application's menu. What a page can do itself is sent to it as a command. */
import { Menu, type MenuItemConstructorOptions } from 'electron';
import type { Command } from './bridge.ts';
import en from './locales/en.json' with { type: 'json' };
import { say } from './words.ts';

export interface MenuOptions {
  isMac: boolean;
  /** Shows the developer's entries. */
  devTools: boolean;
  send(command: Command): void;
}

type Item = MenuItemConstructorOptions;
type Role = NonNullable<Item['role']> & keyof typeof en.menu;

const SEPARATOR: Item = { type: 'separator' };
const role = (name: Role): Item => ({ role: name, label: say(`menu.${name}`) });

/** Again after each change of language. */
export function setMenu(options: MenuOptions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(options)));
}

export function menuTemplate({ isMac, devTools, send }: MenuOptions): Item[] {
  const item = (command: Command, accelerator?: string): Item => ({
    label: say(`menu.${command}`),
    click: () => send(command),
    ...(accelerator && { accelerator }),
  });
  return [
    ...(isMac ? [appMenu()] : []),
    {
      label: say('menu.file'),
      submenu: [
        item('new-chat', 'CmdOrCtrl+N'),
        item('import-pictures', 'CmdOrCtrl+O'),
        item('open-project', 'CmdOrCtrl+Shift+O'),
        SEPARATOR,
        item('settings', 'CmdOrCtrl+,'),
        SEPARATOR,
        role(isMac ? 'close' : 'quit'),
      ],
    },
    editMenu(),
    {
      label: say('menu.view'),
      submenu: [
        item('library'),
        item('palette'),
        SEPARATOR,
        role('resetZoom'),
        role('zoomIn'),
        role('zoomOut'),
        SEPARATOR,
        role('togglefullscreen'),
        ...(devTools ? [role('reload'), role('toggleDevTools')] : []),
      ],
    },
    {
      role: 'window',
      label: say('menu.window'),
      submenu: [role('minimize'), role(isMac ? 'front' : 'close')],
    },
    { role: 'help', label: say('menu.help'), submenu: [item('shortcuts')] },
  ];
}

/** macOS: the first menu, named after the app. */
function appMenu(): Item {
  const submenu = [role('about'), SEPARATOR, role('services'), SEPARATOR];
  return {
    label: 'Tusk',
    submenu: [...submenu, role('hide'), role('hideOthers'), role('unhide'), SEPARATOR, role('quit')],
  };
}

function editMenu(): Item {
  const submenu = [role('undo'), role('redo'), SEPARATOR, role('cut'), role('copy'), role('paste')];
  return { label: say('menu.edit'), submenu: [...submenu, role('selectAll')] };
}
