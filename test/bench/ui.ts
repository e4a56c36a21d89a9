/**
 * How the app feels with years of use in it: `npm run bench -- --ui`. A library of ten thousand pictures and a chat of
 * a thousand messages behind the real server, in Chromium; each figure beside its limit.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from '@playwright/test';
import config from '../../playwright.config.ts';
import { StudioClient } from '../e2e/studio.ts';
import { startTusk, stopTusk, type Tusk } from '../e2e/tusk.ts';
import { LARGE, makeLargeLibrary, RARE_WORD } from './large-library.ts';
import { median } from './timing.ts';
import { type PageFigures, watchPage } from './watch-page.ts';

export interface Figure {
  what: string;
  value: number;
  unit: 'ms' | 'fps' | 's';
  limit: number;
}

const TRIES = 5;
/** The loader of TypeScript names functions by this; the page doesn't know it. */
const NAMES = 'globalThis.__name = (named) => named;';

export async function measureUi(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tusk-bench-'));
  await makeLargeLibrary(join(folder, 'library'));
  const tusk = await startTusk(folder);
  const browser = await chromium.launch({ ...config.use?.launchOptions });
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await page.addInitScript(NAMES);
    await page.addInitScript(watchPage);
    const started = await timed(async () => {
      await page.goto(tusk.address);
      await page.getByRole('textbox', { name: 'Message' }).waitFor();
    });
    const [cookie] = await context.cookies();
    const studio = await StudioClient.open(tusk.address, `${cookie!.name}=${cookie!.value}`);
    const figures: Figure[] = [
      { what: 'page opened, ready to write', value: started, unit: 'ms', limit: 3_000 },
      ...(await measureLibrary(page)),
      ...(await measureChat(page)),
      ...(await measureRun(page, studio)),
      ...(await measureLoss(studio, tusk)),
    ];
    studio.close();
    return figures;
  } finally {
    await browser.close();
    await stopTusk(tusk);
    await rm(folder, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

/** By its mark-up: looking for a role goes through every button of a long chat. */
const rail = (page: Page, label: string) => page.locator(`.rail button[aria-label="${label}"]`);

const figures = (page: Page): Promise<PageFigures> => page.evaluate(() => window.figures.take());

async function measureLibrary(page: Page): Promise<Figure[]> {
  const opened: number[] = [];
  for (let count = 0; count < TRIES; count++) {
    await rail(page, 'Studio').click();
    await page.locator('.composer').waitFor();
    opened.push(await page.evaluate(() => window.figures.clickUntilPictures('Library', '.library-tile')));
  }
  const searches: number[] = [];
  for (const text of [RARE_WORD, 'red', 'number 99', 'boat', RARE_WORD])
    searches.push(await page.evaluate((words) => window.figures.searchUntilShown(words), text));
  await page.evaluate(() => window.figures.searchUntilShown(''));
  const scrolled = await page.evaluate(() => window.figures.scroll('.library-scroller', 5_000));
  return [
    { what: 'library of 10,000: first opening, pictures shown', value: opened[0]!, unit: 'ms', limit: 1_000 },
    { what: 'library of 10,000: opened again', value: median(opened.slice(1)), unit: 'ms', limit: 1_000 },
    { what: 'search among 10,000, slowest of five', value: Math.max(...searches), unit: 'ms', limit: 200 },
    { what: 'scrolling through 10,000', value: scrolled, unit: 'fps', limit: 50 },
  ];
}

async function measureChat(page: Page): Promise<Figure[]> {
  await rail(page, 'Chats').click();
  const title = LARGE.chatTitle;
  await page.locator('.chat-row').first().waitFor();
  const opened = await page.evaluate((name) => window.figures.clickUntilPictures(name, '.exchange'), title);
  return [{ what: 'chat of 1,000 messages opened', value: opened, unit: 'ms', limit: 1_000 }];
}

/** A picture is made while the page watches itself. */
async function measureRun(page: Page, studio: StudioClient): Promise<Figure[]> {
  await rail(page, 'New chat').click();
  const sent: number[] = [];
  const stop = studio.onEvent((event) => {
    if (event.event === 'preview') sent.push(Date.now());
  });
  await figures(page);
  for (const message of ['draw a red apple', 'draw a blue boat']) {
    const box = page.getByRole('textbox', { name: 'Message' });
    await box.fill(message);
    await box.press('ControlOrMeta+Enter');
    await page.getByRole('button', { name: `Show: ${message}` }).waitFor({ timeout: 120_000 });
  }
  stop();
  const { shown, longestTaskMs } = await figures(page);
  const late = shown.flatMap(({ order, at }) => (sent[order] === undefined ? [] : [at - sent[order]]));
  if (late.length < 10) throw new Error(`only ${late.length} previews of ${sent.length} were seen`);
  const sorted = [...late].sort((a, b) => a - b);
  return [
    {
      what: `preview on the screen after its event, median of ${late.length}`,
      value: median(late),
      unit: 'ms',
      limit: 100,
    },
    {
      what: 'the same, 95th percentile',
      value: sorted[Math.floor(late.length * 0.95)]!,
      unit: 'ms',
      limit: 100,
    },
    { what: 'longest task of the page during two runs', value: longestTaskMs, unit: 'ms', limit: 100 },
  ];
}

/** The engine is killed: how long until the window is told, and until it is back. */
async function measureLoss(studio: StudioClient, tusk: Tusk): Promise<Figure[]> {
  const from = performance.now();
  const heard = new Map<string, number>();
  const isBack = new Promise<void>((resolve) => {
    studio.onEvent((event) => {
      if (event.event !== 'engine') return;
      heard.set(event.state, performance.now() - from);
      if (event.state === 'ready') resolve();
    });
  });
  process.kill(engineOf(tusk.process.pid!), 'SIGKILL');
  await isBack;
  return [
    { what: 'engine killed: the window is told', value: heard.get('restarting')!, unit: 'ms', limit: 1_000 },
    { what: 'engine killed: it is back', value: heard.get('ready')!, unit: 'ms', limit: 10_000 },
  ];
}

/** The server's child that runs process.js. */
function engineOf(server: number): number {
  const lines = execFileSync('ps', ['-o', 'pid=,ppid=,args=', '-A'], { encoding: 'utf8' }).split('\n');
  const line = lines.find((text) => new RegExp(`^\\s*\\d+\\s+${server}\\s.*process\\.js`).test(text));
  return Number(line!.trim().split(/\s+/)[0]);
}

export function printUi(measured: readonly Figure[]): void {
  for (const { what, value, unit, limit } of measured) {
    const isGood = unit === 'fps' ? value >= limit : value <= limit;
    const bound = `${unit === 'fps' ? '>' : '<'} ${limit} ${unit}`;
    console.log(
      `${what.padEnd(60)}${`${value.toFixed(0)} ${unit}`.padStart(10)}${bound.padStart(14)}  ${isGood ? 'ok' : 'TOO SLOW'}`,
    );
  }
}
