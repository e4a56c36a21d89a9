import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { BROWSER, type Desk, expect, say, test } from './tusk.ts';

const MADE = { timeout: 100_000 };

const openExport = async ({ page }: Desk, prompt: string, nth = 0) => {
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  await page.getByRole('searchbox').fill(prompt);
  await page.getByRole('option', { name: prompt }).nth(nth).click();
  await page.getByRole('button', { name: 'Export' }).click();
};

const saved = async (page: Page, button: string) => {
  const downloading = page.waitForEvent('download');
  await page.getByRole('dialog').getByRole('button', { name: button }).click();
  const download = await downloading;
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
};

test('how a picture came to be is saved as a moving picture, GIF and WebP', BROWSER, async ({ desk }) => {
  const { page } = desk;
  await say(page, 'draw a purple star');
  await expect(page.getByRole('button', { name: 'Show: draw a purple star' })).toBeVisible(MADE);
  await openExport(desk, 'draw a purple star');
  for (const format of ['GIF', 'WebP']) {
    const { name, bytes } = await saved(page, `Time-lapse (${format})`);
    expect(name).toBe(`draw a purple star.${format.toLowerCase()}`);
    const film = await sharp(bytes, { animated: true }).metadata();
    expect(film.pages).toBeGreaterThan(2);
    expect(film.delay!.at(-1)).toBeGreaterThan(film.delay![0]!);
  }
});

test('a picture is saved beside the one it came from', BROWSER, async ({ desk }) => {
  const { page, studio, red } = desk;
  const transformation = { kind: 'flip', axis: 'horizontal' } as const;
  await studio.call('versions.transform', { versionId: red.id, transformation });
  await openExport(desk, red.prompt);
  const { name, bytes } = await saved(page, 'Before and after');
  expect(name).toMatch(/before and after\.png$/);
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: 160 + 3 + 160, height: 160 });
  const red0 = (x: number) => data[(5 * info.width + x) * info.channels];
  expect([red0(5), red0(155), red0(168), red0(318)]).toEqual([0, 244, 244, 0]);
});

test('a picture nothing made and nothing changed has no story to save', async ({ desk }) => {
  await openExport(desk, desk.red.prompt);
  const dialog = desk.page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Save' })).toBeVisible();
  await expect(dialog.getByRole('button', { name: /Time-lapse|Before and after/ })).toHaveCount(0);
});
