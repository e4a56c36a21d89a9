/** Menu entries and files of the desktop app, as the acts they stand for. */
import type { Bridge, Command, PickedFile } from '../../electron/bridge.ts';
import { useWorkspace } from '../stores/workspace.ts';
import { importFiles, importProject, newChat } from './actions.ts';

const PICTURE_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  avif: 'image/avif',
};

export function followShell(bridge: Bridge): void {
  const commands = commandsOf(bridge);
  bridge.onCommand((command) => void commands[command]());
  bridge.onProject((file) => void importProject(asFile(file)));
}

const commandsOf = (bridge: Bridge): Readonly<Record<Command, () => void | Promise<void>>> => ({
  'new-chat': newChat,
  'import-pictures': async () => importFiles((await bridge.openFiles('pictures')).map(asFile)),
  'open-project': async () => {
    for (const file of await bridge.openFiles('project')) await importProject(asFile(file));
  },
  library: () => useWorkspace.setState({ view: 'library' }),
  settings: () => useWorkspace.setState({ view: 'settings' }),
  palette: () => useWorkspace.setState({ dialog: 'palette' }),
  shortcuts: () => useWorkspace.setState({ dialog: 'shortcuts' }),
});

function asFile({ name, bytes }: PickedFile): File {
  const type = PICTURE_TYPES[name.split('.').at(-1)!.toLowerCase()] ?? '';
  return new File([new Uint8Array(bytes)], name, { type });
}
