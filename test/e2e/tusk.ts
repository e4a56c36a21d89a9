/**
 * `test` with a page on a Tusk of its own: `npm run browser` in a new process, an empty library, the embedded model
 * (or, where a clone has none, the small parity checkpoint with settings that make a picture in seconds).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test as base, type Page } from '@playwright/test';

const SMALL = {
  name: 'Parity checkpoint',
  sizes: [[160, 160]],
  pixels_per_token: 16,
  steps: 4,
  text_guidance: 2,
  plan_guidance: 1,
};

export interface Tusk {
  /** The address with its one-time token. */
  address: string;
  process: ChildProcess;
  library: string;
}

async function checkpointArguments(folder: string): Promise<string[]> {
  if (existsSync('assets/model/config.json')) return [];
  const checkpoint = join(folder, 'checkpoint');
  await cp('test/parity/alpha/checkpoint', checkpoint, { recursive: true });
  await writeFile(join(checkpoint, 'tusk.json'), JSON.stringify(SMALL));
  return ['--checkpoint', checkpoint];
}

export async function startTusk(folder: string): Promise<Tusk> {
  const library = join(folder, 'library');
  const args = [
    'scripts/start.mjs',
    '--browser',
    '--library',
    library,
    ...(await checkpointArguments(folder)),
  ];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /Tusk is at (\S+)/.exec(line)?.[1];
    if (address) return { address, process: child, library };
  }
  throw new Error('The server ended before it printed an address.');
}

export async function stopTusk(tusk: Tusk): Promise<void> {
  const ended = new Promise((resolve) => tusk.process.once('close', resolve));
  tusk.process.kill('SIGTERM');
  await ended;
}

/** `tusk` and its server live as long as the worker; `page` is a fresh, signed-in page on it. */
export const test = base.extend<{ home: Page }, { tusk: Tusk; session: { cookies: CookieJar } }>({
  tusk: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the first parameter's pattern
    async ({}, use) => {
      const folder = await mkdtemp(join(tmpdir(), 'tusk-e2e-'));
      const tusk = await startTusk(folder);
      await use(tusk);
      await stopTusk(tusk);
      await rm(folder, { recursive: true, force: true });
    },
    { scope: 'worker' },
  ],
  session: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the first parameter's pattern
    async ({}, use) => use({ cookies: [] }),
    { scope: 'worker' },
  ],
  home: async ({ page, context, tusk, session }, use) => {
    if (session.cookies.length > 0) await context.addCookies(session.cookies);
    await page.goto(session.cookies.length > 0 ? new URL('/', tusk.address).href : tusk.address);
    session.cookies = await context.cookies();
    await dismissTour(page);
    await use(page);
  },
});

type CookieJar = Awaited<ReturnType<ReturnType<Page['context']>['cookies']>>;

async function dismissTour(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
  if (await page.getByRole('dialog').isVisible()) await page.keyboard.press('Escape');
}

/** Types into the composer as a person does and sends with the keyboard. */
export async function say(page: Page, message: string): Promise<void> {
  const box = page.getByRole('textbox', { name: 'Message' });
  await box.click();
  await box.fill(message);
  await box.press('ControlOrMeta+Enter');
}

export { expect } from '@playwright/test';
