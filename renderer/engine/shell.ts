/** The desktop app's shell around this page, where there is one. */
import type { Bridge, LostMessage, PortMessage } from '../../electron/bridge.ts';
import { notify } from '../stores/notices.ts';

declare global {
  interface Window {
    /** Undefined in a plain browser. */
    tusk?: Bridge;
  }
}

const PORT: PortMessage = 'tusk:port';
const LOST: LostMessage = 'tusk:lost';

/** Ports to the studio as the shell hands them over; null when the studio is gone. */
export const shellPorts =
  (bridge: Bridge) =>
  (receive: (port: MessagePort | null) => void): void => {
    window.addEventListener('message', ({ source, data, ports }) => {
      if (source !== window) return;
      if (data === PORT && ports[0]) receive(ports[0]);
      if (data === LOST) receive(null);
    });
    void bridge.connect();
  };

/** @param copied said when it is done. Where the clipboard is refused the text is shown, to be copied by hand. */
export async function copyText(text: string, copied: string): Promise<void> {
  try {
    await (window.tusk ? window.tusk.copyText(text) : navigator.clipboard.writeText(text));
    notify({ kind: 'done', title: copied });
  } catch {
    notify({ kind: 'uncopied', text });
  }
}
