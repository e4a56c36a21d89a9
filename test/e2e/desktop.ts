/** The desktop app for the end-to-end tests, driven by Playwright: its window, and the studio behind it. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from '@playwright/test';
import { ROOT } from '../../scripts/bundle.mjs';
import { electronBinary } from '../../scripts/electron-binary.mjs';
import { StudioClient } from './studio.ts';

export interface DesktopWindow {
  app: ElectronApplication;
  page: Page;
}

export async function openDesktopWindow(places: {
  library: string;
  checkpoint: string | undefined;
  /** Beside this process's own. */
  environment: NodeJS.ProcessEnv;
}): Promise<DesktopWindow> {
  const executablePath = electronBinary();
  if (!executablePath)
    throw new Error("Electron's binary is not installed. `npx install-electron` fetches it.");
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build-electron.mjs')], { stdio: 'inherit' });
  const app = await _electron.launch({
    executablePath,
    // Chromium's sandbox refuses to run as root, where CI runs.
    args: [ROOT, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
    env: {
      ...({ ...process.env, ...places.environment } as Record<string, string>),
      TUSK_LIBRARY: places.library,
      ...(places.checkpoint && { TUSK_CHECKPOINT: places.checkpoint }),
    },
  });
  return { app, page: await app.firstWindow() };
}

interface SharedWindow extends Window {
  /** Of the page, for the test: a message as JSON. */
  sendToStudio?(text: string): void;
  /** Of the test, for the page. */
  studioSays?(text: string): void;
}

/** Bytes cross as lists of numbers. */
const packed = (message: unknown): string =>
  JSON.stringify(message, (_, value) => (value instanceof Uint8Array ? { $numbers: [...value] } : value));

const unpacked = (text: string): unknown =>
  JSON.parse(text, (_, value) => (value?.$numbers ? new Uint8Array(value.$numbers) : value));

/** A client that speaks through the window's own port. */
export async function studioOf(page: Page): Promise<StudioClient> {
  let receive: (message: unknown) => void = () => {};
  await page.exposeFunction('studioSays', (text: string) => receive(unpacked(text)));
  await page.addInitScript(sharePort);
  await page.reload();
  await page.waitForFunction(() => 'sendToStudio' in window);
  return new StudioClient({
    send: (message) =>
      void page.evaluate((text) => (window as SharedWindow).sendToStudio!(text), packed(message)),
    listen: (listener) => {
      receive = listener;
    },
    close: () => {},
  });
}

/**
 * Runs in the window before its page: stands between the port to the studio and the page, so that a test can ask on
 * the same port. Its calls are told from the page's by numbers no page reaches. It must be whole in itself.
 */
export function sharePort(): void {
  const FIRST = 1_000_000_000;
  const shared = window as SharedWindow;
  const tell = (message: object) =>
    shared.studioSays?.(
      JSON.stringify(message, (_, value) => (value instanceof Uint8Array ? { $numbers: [...value] } : value)),
    );
  window.addEventListener('message', (event) => {
    const [port] = event.ports;
    if (!event.isTrusted || event.data !== 'tusk:port' || !port) return;
    event.stopImmediatePropagation();
    const { port1: ours, port2: theirs } = new MessageChannel();
    port.onmessage = ({ data }) => {
      if (data.id >= FIRST) return tell({ ...data, id: data.id - FIRST });
      if ('event' in data) tell(data);
      ours.postMessage(data);
    };
    ours.onmessage = ({ data }) => port.postMessage(data);
    shared.sendToStudio = (text) => {
      const message = JSON.parse(text, (_, value) =>
        value?.$numbers ? new Uint8Array(value.$numbers) : value,
      );
      port.postMessage({ ...message, id: message.id + FIRST });
    };
    const handOver = { data: event.data, source: window, ports: [theirs] };
    window.dispatchEvent(new MessageEvent('message', handOver));
  });
}
