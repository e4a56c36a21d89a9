/**
 * `test` with a page on a Tusk of its own: `npm run browser` in a new process, an empty library, the embedded model
 * (or, where a clone has none, the small parity checkpoint with settings that make a picture in seconds). With the
 * option `shell: 'electron'` it is the desktop app's window instead.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type BrowserContext, test as base, type Page } from '@playwright/test';
import { PAGE } from '../../electron/scheme.ts';
import type { Chat, Version } from '../../engine/studio-protocol.ts';
import { type DesktopWindow, openDesktopWindow, studioOf } from './desktop.ts';
import { bringIn, drawing, StudioClient } from './studio.ts';

const SMALL = {
  name: 'Parity checkpoint',
  sizes: [[160, 160]],
  pixels_per_token: 16,
  steps: 4,
  text_guidance: 2,
  plan_guidance: 1,
};

export interface Tusk {
  /** The address with its one-time token; the window's own under Electron. */
  address: string;
  process: ChildProcess;
  library: string;
  /** Of the desktop app. */
  window?: DesktopWindow;
}

/** The small checkpoint where there is no embedded one. */
async function smallCheckpoint(folder: string): Promise<string | undefined> {
  if (existsSync('assets/model/config.json')) return undefined;
  const checkpoint = join(folder, 'checkpoint');
  await cp('test/parity/alpha/checkpoint', checkpoint, { recursive: true });
  await writeFile(join(checkpoint, 'tusk.json'), JSON.stringify(SMALL));
  return checkpoint;
}

/** @param environment beside this process's own */
export async function startTusk(folder: string, environment: NodeJS.ProcessEnv = {}): Promise<Tusk> {
  const library = join(folder, 'library');
  const checkpoint = await smallCheckpoint(folder);
  const args = ['scripts/start.mjs', '--browser', '--library', library];
  if (checkpoint) args.push('--checkpoint', checkpoint);
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /Tusk is at (\S+)/.exec(line)?.[1];
    if (address) return { address, process: child, library };
  }
  throw new Error('The server ended before it printed an address.');
}

async function startDesktop(folder: string, environment: NodeJS.ProcessEnv): Promise<Tusk> {
  const library = join(folder, 'library');
  const checkpoint = await smallCheckpoint(folder);
  const window = await openDesktopWindow({ library, checkpoint, environment });
  return { address: PAGE, process: window.app.process(), library, window };
}

export async function stopTusk(tusk: Tusk): Promise<void> {
  if (tusk.window) return tusk.window.app.close();
  const ended = new Promise((resolve) => tusk.process.once('close', resolve));
  tusk.process.kill('SIGTERM');
  await ended;
}

/** Tests that use what only a browser or its server has: downloads, requests beside the page, the server's children. */
export const BROWSER = { tag: '@browser' };

/** A chat of its own with two pictures in it, open on the screen. */
export interface Desk {
  page: Page;
  studio: StudioClient;
  chat: Chat;
  /** On the canvas last brought in: blue. Both names are found nowhere else. */
  red: Version;
  blue: Version;
}

interface WorkerFixtures {
  shell: 'browser' | 'electron';
  /** What Tusk is told beside this process's own environment. */
  environment: NodeJS.ProcessEnv;
  tusk: Tusk;
  /** What signs a browser in; the desktop window needs nothing. */
  cookie: { name: string; value: string } | undefined;
  studio: StudioClient;
  sharedPage: Page;
}

let desks = 0;

/**
 * `tusk` and its server live as long as the worker. `home` is a fresh, signed-in page on it; `desk` a page that is
 * kept from test to test and loaded again, on a prepared chat.
 */
export const test = base.extend<{ home: Page; desk: Desk }, WorkerFixtures>({
  shell: ['browser', { option: true, scope: 'worker' }],
  environment: [{}, { option: true, scope: 'worker' }],
  tusk: [
    async ({ shell, environment }, use) => {
      const folder = await mkdtemp(join(tmpdir(), 'tusk-e2e-'));
      const start = shell === 'electron' ? startDesktop : startTusk;
      const tusk = await start(folder, environment);
      await use(tusk);
      await stopTusk(tusk);
      await rm(folder, { recursive: true, force: true });
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  cookie: [
    async ({ tusk }, use) => use(tusk.window ? undefined : await enter(tusk.address)),
    { scope: 'worker' },
  ],
  studio: [
    async ({ tusk, cookie }, use) => {
      const studio = tusk.window
        ? await studioOf(tusk.window.page)
        : await StudioClient.open(tusk.address, `${cookie!.name}=${cookie!.value}`);
      await use(studio);
      studio.close();
    },
    { scope: 'worker' },
  ],
  sharedPage: [
    async ({ browser, tusk, cookie }, use) => {
      if (tusk.window) return use(tusk.window.page);
      const context = await browser.newContext({ acceptDownloads: true, viewport: VIEWPORT });
      await signIn(context, tusk, cookie);
      await use(await context.newPage());
      await context.close();
    },
    { scope: 'worker' },
  ],
  home: async ({ page: blank, context, tusk, cookie, studio }, use) => {
    await studio.call('settings.set', { tourSeen: true });
    const page = tusk.window?.page ?? blank;
    if (tusk.window) await page.evaluate(() => sessionStorage.clear());
    else await signIn(context, tusk, cookie);
    await page.goto(new URL('/', tusk.address).href);
    await page.getByRole('textbox', { name: 'Message' }).waitFor();
    await use(page);
    await settle(studio);
  },
  desk: async ({ sharedPage: page, studio, tusk }, use) => {
    desks += 1;
    const chat = await studio.call('chats.create', { title: `Desk ${desks}` });
    const red = await bringIn(studio, chat.id, `red disc ${desks}.png`, await drawing('#c8102e', '#f4f0e6'));
    const blue = await bringIn(
      studio,
      chat.id,
      `blue disc ${desks}.png`,
      await drawing('#1f4fc8', '#f4f0e6'),
    );
    await page.setViewportSize(VIEWPORT);
    await show(page, tusk, chat.id);
    const errors: Error[] = [];
    const note = (error: Error) => errors.push(error);
    page.on('pageerror', note);
    await use({ page, studio, chat, red, blue });
    page.off('pageerror', note);
    base.expect(errors.map(({ stack }) => stack)).toEqual([]);
    await settle(studio);
  },
});

/** What a test left undone isn't waited for by the next one. */
async function settle(studio: StudioClient): Promise<void> {
  await studio.call('jobs.pause', { paused: false });
  await studio.call('jobs.cancelAll', {});
}

const VIEWPORT = { width: 1280, height: 800 };

/** The one-time token becomes a cookie. */
async function enter(address: string): Promise<{ name: string; value: string }> {
  const { headers } = await fetch(address, { redirect: 'manual' });
  const [name, value] = headers.get('set-cookie')!.split(';')[0]!.split('=');
  return { name: name!, value: value! };
}

async function signIn(context: BrowserContext, tusk: Tusk, cookie: WorkerFixtures['cookie']): Promise<void> {
  await context.addCookies([{ ...cookie!, url: new URL('/', tusk.address).href }]);
}

/** Loads the page as if that chat had been the last one open in it. */
async function show(page: Page, tusk: Tusk, chatId: string): Promise<void> {
  const address = new URL('/', tusk.address).href;
  if (!page.url().startsWith(address)) await page.goto(address);
  await page.evaluate((id) => {
    sessionStorage.clear();
    sessionStorage.setItem('tusk-chat', id);
  }, chatId);
  await page.reload();
  await page.getByRole('toolbar', { name: 'Tools' }).waitFor();
}

/** Id of the inference process: the server's child that runs process.js. */
export function engineOf(server: number): number {
  const lines = execFileSync('ps', ['-o', 'pid=,ppid=,args=', '-A'], { encoding: 'utf8' }).split('\n');
  const line = lines.find((text) => new RegExp(`^\\s*\\d+\\s+${server}\\s.*process\\.js`).test(text));
  return Number(line!.trim().split(/\s+/)[0]);
}

/** Types into the composer as a person does and sends with the keyboard. */
export async function say(page: Page, message: string, field = 'Message'): Promise<void> {
  const box = page.getByRole('textbox', { name: field });
  await box.click();
  await box.fill(message);
  await box.press('ControlOrMeta+Enter');
}

export { expect } from '@playwright/test';

/** Steps that take a picture long enough to be caught in the making, also where the machine is quick. */
export const MANY_STEPS = 800;

export async function setSteps(page: Page, steps: number): Promise<void> {
  await page.getByRole('button', { name: 'More settings' }).click();
  await page.getByRole('spinbutton', { name: 'Steps' }).fill(String(steps));
  await page.getByRole('button', { name: 'More settings' }).click();
}

/** Collects what the page's progress bars say from now on: a quick picture is done between two looks. */
export async function stagesTold(page: Page): Promise<() => Promise<string[]>> {
  const told = await page.evaluateHandle(() => {
    const values = new Set<string>();
    const look = () => {
      for (const bar of document.querySelectorAll('[role=progressbar]'))
        values.add(bar.getAttribute('aria-valuetext') ?? '');
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
    return values;
  });
  return () => told.evaluate((values) => [...values]);
}
