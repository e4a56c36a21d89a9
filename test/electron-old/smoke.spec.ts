/** The desktop app in a real Electron: electron/main.ts, the page, studio and engine as they stand, no mocks. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import type { Bridge } from '../../electron/bridge.ts';
import { buildOldApp } from './build.ts';
import { launch, OldElectron } from './old-electron.ts';

const COMPOSER = '.composer textarea';
const READY = '[aria-label="The engine is ready"]';
const BRIDGE: Record<keyof Bridge, true> = {
  connect: true,
  openFiles: true,
  saveFile: true,
  chooseFolder: true,
  openExternal: true,
  copyText: true,
  dragOut: true,
  onCommand: true,
  onProject: true,
};

let folder: string;
let app: OldElectron;

test.beforeAll(async () => {
  test.setTimeout(180_000);
  await buildOldApp();
  folder = await mkdtemp(join(tmpdir(), 'tusk-electron-'));
  app = await OldElectron.start({ folder });
  await expect.poll(() => isThere(READY)).toBe(true);
  // The first steps.
  await expect.poll(() => isThere('dialog[open]')).toBe(true);
  await app.press('Escape');
  await expect.poll(() => isThere('dialog[open]')).toBe(false);
});

test.afterAll(async () => {
  await app?.stop();
  await rm(folder, { recursive: true, force: true });
});

// biome-ignore lint/correctness/noEmptyPattern: Playwright reads the first parameter's pattern
test.afterEach(async ({}, info) => {
  if (info.status !== info.expectedStatus)
    await writeFile(info.outputPath('window.png'), await app.capture());
  expect(await app.errorsOfPage()).toEqual([]);
});

const isThere = (selector: string): Promise<boolean> =>
  app.page((wanted) => document.querySelector(wanted) !== null, selector);

const textOf = (selector: string): Promise<string[]> =>
  app.page(
    (wanted) => [...document.querySelectorAll(wanted)].map(({ textContent }) => textContent ?? ''),
    selector,
  );

const isMade = (prompt: string): Promise<boolean> =>
  app.page(
    (wanted) =>
      [...document.images].some(({ alt, naturalWidth }) => alt.includes(wanted) && naturalWidth > 16),
    prompt,
  );

/** Into the composer, with real events of mouse and keyboard. */
async function say(message: string): Promise<void> {
  await app.click(COMPOSER);
  await app.type(message);
  await app.press('Enter', 'control');
}

/** The engine draws: the bar tells rows or steps. */
const isDrawing = (): Promise<boolean> =>
  app.page(() =>
    [...document.querySelectorAll('[role=progressbar]')].some((bar) =>
      /\d/.test(bar.getAttribute('aria-valuetext') ?? ''),
    ),
  );

test('one window opens on the page, with its policy, and paints', async () => {
  const window = await app.main(
    ({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().map((window) => [
        window.webContents.getURL(),
        window.getTitle(),
        window.isVisible(),
      ]),
    null,
  );
  expect(window).toEqual([['tusk://app/', 'Tusk', true]]);
  const policy = await app.page(async () => (await fetch('/')).headers.get('content-security-policy'));
  expect(policy).toMatch(/^default-src 'none'/);
  const { channels, entropy } = await sharp(await app.capture()).stats();
  expect(channels[0]!.stdev).toBeGreaterThan(5);
  expect(entropy).toBeGreaterThan(0.3);
});

test('the page gets the bridge and nothing else of Electron or Node', async () => {
  expect(await app.page(() => Object.keys(window.tusk!).sort())).toEqual(Object.keys(BRIDGE).sort());
  const leaks = await app.page(() =>
    ['require', 'process', 'module', 'Buffer', 'global', 'electron', 'ipcRenderer', '__dirname'].filter(
      (name) => name in window,
    ),
  );
  expect(leaks).toEqual([]);
});

test('a call of the bridge with arguments that do not fit is refused by the door, with the reason', async () => {
  const refused = (call: string, argument: unknown) =>
    app.page(
      ([name, value]) =>
        (window.tusk as unknown as Record<string, (argument: unknown) => Promise<unknown>>)[name as string]!(
          value,
        ).then(
          () => 'let in',
          (error: Error) => error.message,
        ),
      [call, argument],
    );
  expect(await refused('dragOut', '../../etc/passwd')).toContain('dragOut: ');
  expect(await refused('openFiles', 'everything')).toContain('openFiles: ');
  expect(await refused('saveFile', { name: 'a.png', bytes: 'text', path: '/etc' })).toContain('saveFile: ');
  expect(await app.page(() => window.tusk!.openExternal('file:///etc/passwd'))).toBe(false);
});

test('a prompt typed in the window becomes a picture, on the screen and in the library', async () => {
  await say('draw a red apple');
  await expect.poll(() => isMade('red apple')).toBe(true);
  const pictures = await pictureFiles();
  expect(pictures).toHaveLength(1);
  const file = sharp(pictures[0]!.path);
  expect((await file.metadata()).width).toBeGreaterThan(16);
  expect((await file.stats()).channels[0]!.stdev).toBeGreaterThan(1);
});

test('the clipboard is reached over the door', async () => {
  await app.page(() => window.tusk!.copyText('a red apple'));
  expect(await app.main(({ clipboard }) => clipboard.readText(), null)).toBe('a red apple');
});

test('navigation is refused, by script and by a link; a blank page does not stay', async () => {
  for (const address of ['https://example.org/', 'file:///etc/passwd', 'tusk://app/assets/', 'about:blank']) {
    for (const go of [followLink, assign]) await app.page(go, address);
    await expect.poll(() => isThere(COMPOSER)).toBe(true);
    expect(await addressOfWindow()).toBe('tusk://app/');
  }
});

const assign = (address: string): void => {
  window.location.href = address;
};

function followLink(address: string): void {
  const link = Object.assign(document.createElement('a'), { href: address });
  document.body.append(link);
  link.click();
  link.remove();
}

const addressOfWindow = (): Promise<string> =>
  app.main(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.webContents.getURL(), null);

test('new windows are refused; only a plain https address is given to the browser', async () => {
  await app.main(({ shell }) => {
    const opened: string[] = [];
    Object.assign(globalThis, { opened });
    shell.openExternal = async (address: string) => void opened.push(address);
  }, null);
  const addresses = ['https://example.org/a', 'http://example.org/', 'file:///etc/passwd', 'tusk://app/'];
  for (const address of addresses) await app.page((target) => void window.open(target), address);
  const opened = () => app.main(() => (globalThis as unknown as { opened: string[] }).opened, null);
  await expect.poll(opened).toEqual(['https://example.org/a']);
  expect(await app.main(({ webContents }) => webContents.getAllWebContents().length, null)).toBe(1);
});

test('permissions are refused', async () => {
  const answers = await app.page(async () => {
    const camera = navigator.mediaDevices.getUserMedia({ video: true, audio: true });
    const place = new Promise<string>((resolve) =>
      navigator.geolocation.getCurrentPosition(
        () => resolve('granted'),
        ({ code }) => resolve(code === 1 ? 'denied' : `error ${code}`),
      ),
    );
    return {
      notifications: await Notification.requestPermission(),
      camera: await camera.then(
        () => 'granted',
        ({ name }: Error) => name,
      ),
      place: await place,
      clipboard: await navigator.clipboard.readText().catch(({ name }: Error) => name),
    };
  });
  expect(answers).toMatchObject({ notifications: 'denied', place: 'denied', clipboard: 'NotAllowedError' });
  expect(answers.camera).toMatch(/NotAllowedError|NotFoundError/);
});

test('nothing is loaded from the disk or the network', async () => {
  const results = await app.page(() =>
    Promise.all(
      ['file:///etc/passwd', 'https://example.org/', 'http://127.0.0.1:1/', 'tusk://other/'].map((address) =>
        fetch(address).then(
          () => address,
          () => 'refused',
        ),
      ),
    ),
  );
  expect(results).toEqual(['refused', 'refused', 'refused', 'refused']);
});

test('a killed engine: told within a second, the queue survives, the job is offered again with its seed', async () => {
  await say('draw a blue bell');
  await say('draw a green frog');
  await expect.poll(isDrawing, { intervals: [50] }).toBe(true);
  await app.page(() => {
    const wide = window as unknown as { toldAt?: number };
    const watch = new MutationObserver(() => {
      if (!document.querySelector('[aria-label="The engine is starting again"]')) return;
      wide.toldAt ??= Date.now();
      watch.disconnect();
    });
    watch.observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  const lost = app.pidOf('process.js')!;
  const killedAt = Date.now();
  process.kill(lost, 'SIGKILL');
  await expect.poll(() => isThere('.failure[role=alert]')).toBe(true);
  const toldAt = await app.page(() => (window as unknown as { toldAt: number }).toldAt);
  expect(toldAt - killedAt).toBeLessThan(1_000);
  const [, seed] = /seed: (\d+)/.exec((await textOf('.failure pre'))[0]!)!;
  await expect.poll(() => isMade('green frog')).toBe(true);
  expect(app.pidOf('process.js')).not.toBe(lost);
  await app.click('.failure-actions button');
  await expect.poll(() => isMade('blue bell')).toBe(true);
  expect(await recipes()).toContainEqual({ prompt: 'draw a blue bell', seed: Number(seed) });
});

async function pictureFiles(): Promise<{ path: string; id: string; madeAt: number }[]> {
  const names = await readdir(join(folder, 'library', 'pictures'), { recursive: true });
  const files = names.filter((name) => name.endsWith('.png'));
  return Promise.all(
    files.map(async (name) => {
      const path = join(folder, 'library', 'pictures', name);
      return { path, id: basename(name, '.png'), madeAt: (await stat(path)).mtimeMs };
    }),
  );
}

/** What the pictures of the library say about themselves. */
async function recipes(): Promise<{ prompt: string; seed: number }[]> {
  const texts = await Promise.all((await pictureFiles()).map(({ path }) => readFile(path, 'latin1')));
  return texts.flatMap((text) => {
    const [, prompt] = /"prompt":"([^"]+)"/.exec(text) ?? [];
    const [, seed] = /"seed":(\d+)/.exec(text) ?? [];
    return prompt && seed ? [{ prompt, seed: Number(seed) }] : [];
  });
}

test('a killed studio: the window is connected anew and shows what was made', async () => {
  const lost = app.pidOf('studio-process.js')!;
  process.kill(lost, 'SIGKILL');
  await expect.poll(() => app.pidOf('studio-process.js') ?? lost).not.toBe(lost);
  await expect.poll(() => isThere(READY)).toBe(true);
  await say('draw a yellow banana');
  await expect.poll(() => isMade('yellow banana')).toBe(true);
});

const chooseInMenu = (wanted: string): Promise<void> =>
  app.main(({ Menu, BrowserWindow }, label) => {
    const items = Menu.getApplicationMenu()!.items.flatMap(({ submenu }) => submenu?.items ?? []);
    items.find((item) => item.label === label)!.click({}, BrowserWindow.getAllWindows()[0]);
  }, wanted);

test('the menu follows the language of the settings, and its entries reach the page', async () => {
  const fileMenu = () =>
    app.main(({ Menu }) => {
      const [file] = Menu.getApplicationMenu()!.items;
      return [file!.label, ...file!.submenu!.items.map(({ label }) => label)].filter(Boolean);
    }, null);
  expect(await fileMenu()).toContain('New Chat');
  await chooseInMenu('Settings');
  const select = 'select option[value="de"]';
  await expect.poll(() => isThere(select)).toBe(true);
  await app.page((option) => {
    const list = document.querySelector(option)!.closest('select')!;
    list.value = 'de';
    list.dispatchEvent(new Event('change', { bubbles: true }));
  }, select);
  await expect.poll(fileMenu).toContain('Neuer Chat');
  await chooseInMenu('Neuer Chat');
  await expect.poll(() => isThere('textarea')).toBe(true);
});

test('a second start hands its chat file to the window and ends', async () => {
  const file = join(folder, 'broken.tusk');
  await writeFile(file, 'not a chat');
  const second = launch({ folder, args: [file] });
  const code = await new Promise((resolve) => second.once('exit', resolve));
  expect(code).toBe(0);
  await expect.poll(async () => (await textOf('[role=alert]')).length).toBeGreaterThan(0);
  await app.click('.notice-failure .failure > :last-child');
  await expect.poll(() => isThere('.notice-failure')).toBe(false);
  expect(await app.main(({ BrowserWindow }) => BrowserWindow.getAllWindows().length, null)).toBe(1);
});

test('closed and started again, the window is where it was and the pictures are there', async () => {
  const place = { x: 40, y: 60, width: 900, height: 700 };
  await app.main(({ BrowserWindow }, bounds) => BrowserWindow.getAllWindows()[0]!.setBounds(bounds), place);
  await say('draw a red bird');
  await expect.poll(() => isMade('red bird')).toBe(true);
  await app.stop();
  app = await OldElectron.start({ folder });
  const bounds = await app.main(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.getBounds(), null);
  expect(bounds).toEqual(place);
  const [bird] = (await pictureFiles()).sort((a, b) => b.madeAt - a.madeAt);
  const served = () => app.page(async (id) => (await fetch(`/pictures/${id}`)).status, bird!.id);
  await expect.poll(served).toBe(200);
});
