import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { bringIn, drawing } from './studio.ts';
import { BROWSER, type Desk, expect, test } from './tusk.ts';

const openLibrary = async ({ page }: Desk) => {
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Library' })).toBeVisible();
};

const search = (page: Page) => page.getByRole('searchbox', { name: 'Search pictures' });
const tile = (page: Page, name: string) => page.getByRole('option', { name });

test('search finds by name and says when nothing fits', async ({ desk }) => {
  const { page, red, blue } = desk;
  await openLibrary(desk);
  await expect(search(page)).toBeFocused();
  await page.keyboard.type(red.prompt);
  await expect(tile(page, red.prompt)).toBeVisible();
  await expect(tile(page, blue.prompt)).toHaveCount(0);
  await expect(page.getByText('1 picture', { exact: true })).toBeVisible();
  await search(page).fill('harpsichord');
  await expect(page.getByText('Nothing found')).toBeVisible();
  await page.getByRole('button', { name: 'Show everything' }).click();
  await expect(tile(page, blue.prompt)).toBeVisible();
});

test('slash opens the library with the search focused', async ({ desk: { page } }) => {
  await page.getByRole('button', { name: 'Studio', exact: true }).focus();
  await page.keyboard.press('/');
  await expect(search(page)).toBeFocused();
});

test('a star stays, and the filter shows it', async ({ desk }) => {
  const { page, studio, red, blue } = desk;
  await openLibrary(desk);
  await tile(page, red.prompt).click();
  await page.keyboard.press('.');
  await expect(page.getByRole('button', { name: 'Remove the star' })).toBeVisible();
  await page.getByRole('button', { name: 'Starred' }).click();
  await expect(tile(page, red.prompt)).toBeVisible();
  await expect(tile(page, blue.prompt)).toHaveCount(0);
  expect(await studio.call('versions.get', { versionId: red.id })).toMatchObject({ starred: true });
});

test('a tag is added and found by', async ({ desk }) => {
  const { page, studio, red, blue } = desk;
  await openLibrary(desk);
  await tile(page, red.prompt).click();
  await page.getByRole('textbox', { name: 'Add a tag' }).fill('poster');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Remove the tag poster' })).toBeVisible();
  await page.getByRole('combobox', { name: 'Tag' }).selectOption('poster');
  await expect(tile(page, red.prompt)).toBeVisible();
  await expect(tile(page, blue.prompt)).toHaveCount(0);
  expect(await studio.call('versions.get', { versionId: red.id })).toMatchObject({ tags: ['poster'] });
});

test('deleted with a key, taken back with Undo', async ({ desk }) => {
  const { page, studio, red } = desk;
  await openLibrary(desk);
  await tile(page, red.prompt).click();
  await page.keyboard.press('Delete');
  await expect(tile(page, red.prompt)).toHaveCount(0);
  await expect(page.getByText('The picture is in the bin.')).toBeVisible();
  expect((await studio.call('versions.get', { versionId: red.id })).deletedAt).not.toBeNull();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(tile(page, red.prompt)).toBeVisible();
  expect((await studio.call('versions.get', { versionId: red.id })).deletedAt).toBeNull();
});

test('the bin gives a picture back', async ({ desk }) => {
  const { page, studio, red } = desk;
  await studio.call('versions.delete', { versionIds: [red.id] });
  await openLibrary(desk);
  await page.getByRole('button', { name: 'Bin', exact: true }).click();
  await tile(page, red.prompt).click();
  await page.getByRole('button', { name: 'Restore' }).click();
  await expect(tile(page, red.prompt)).toHaveCount(0);
  await page.getByRole('button', { name: 'Bin', exact: true }).click();
  await expect(tile(page, red.prompt)).toBeVisible();
});

test('emptying the bin asks first, then the file is gone', BROWSER, async ({ desk }) => {
  const { page, studio, red } = desk;
  await studio.call('versions.delete', { versionIds: [red.id] });
  await openLibrary(desk);
  await page.getByRole('button', { name: 'Bin', exact: true }).click();
  await expect(tile(page, red.prompt)).toBeVisible();
  await page.getByRole('button', { name: 'Empty the bin' }).click();
  const dialog = page.getByRole('dialog', { name: 'Empty the bin' });
  await dialog.getByRole('button', { name: 'Keep them' }).click();
  await expect(tile(page, red.prompt)).toBeVisible();
  await page.getByRole('button', { name: 'Empty the bin' }).click();
  await dialog.getByRole('button', { name: 'Delete for good' }).click();
  await expect(page.getByText('The bin is empty')).toBeVisible();
  await expect(studio.call('versions.get', { versionId: red.id })).rejects.toThrow();
  const file = await page.request.get(new URL(`/pictures/${red.id}`, page.url()).href);
  expect(file.status()).toBe(404);
});

const saved = async (page: Page) => {
  const downloading = page.waitForEvent('download');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  const download = await downloading;
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
};

for (const format of ['PNG', 'JPEG', 'WebP'] as const)
  test(`a copy is saved as ${format}`, BROWSER, async ({ desk }) => {
    const { page, red } = desk;
    await openLibrary(desk);
    await tile(page, red.prompt).click();
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('dialog').getByText(format, { exact: true }).click();
    const { bytes } = await saved(page);
    const picture = await sharp(bytes).metadata();
    expect(picture).toMatchObject({ format: format.toLowerCase(), width: 160, height: 160 });
  });

test('several pictures are saved as one zip', BROWSER, async ({ desk }) => {
  const { page, red, blue } = desk;
  await openLibrary(desk);
  await tile(page, red.prompt).click();
  await tile(page, blue.prompt).click({ modifiers: ['ControlOrMeta'] });
  await expect(page.getByText('2 pictures selected')).toBeVisible();
  await page.getByRole('button', { name: 'Export' }).click();
  const { name, bytes } = await saved(page);
  expect(name).toMatch(/\.zip$/);
  expect(bytes.subarray(0, 4).toString('latin1')).toBe('PK\u0003\u0004');
});

test('arrow keys walk the grid, Enter opens the picture in its chat', async ({ desk }) => {
  const { page, red, blue } = desk;
  await openLibrary(desk);
  await tile(page, blue.prompt).click();
  await page.keyboard.press('ArrowRight');
  await expect(tile(page, red.prompt)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('.canvas-picture').getByRole('img', { name: red.prompt })).toBeVisible();
  await expect(page.getByRole('img', { name: `About: ${red.prompt}` })).toBeVisible();
});

test('Edit this makes a picture the target of an edit', async ({ desk }) => {
  const { page, red } = desk;
  await openLibrary(desk);
  await tile(page, red.prompt).click();
  await page.getByRole('button', { name: 'Edit this' }).click();
  await expect(page.getByRole('button', { name: 'Mode: Edit, chosen by you' })).toBeVisible();
  await expect(page.getByRole('img', { name: `About: ${red.prompt}` })).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeFocused();
});

test('the grid holds at every size of window and tile', async ({ desk }) => {
  const { page, studio } = desk;
  const picture = await drawing('#2a7347', '#f4f0e6', 64, 64);
  for (let number = 0; number < 60; number += 1)
    await bringIn(studio, null, `green disc ${number}.png`, picture);
  await openLibrary(desk);
  const pictures = page.getByRole('listbox', { name: 'Pictures' }).getByRole('option');
  const tiles = page.getByRole('slider', { name: 'Size of the pictures' });
  await pictures.first().click();
  for (let step = 0; step < 24; step += 1) {
    await page.setViewportSize({ width: 820 + 31 * step, height: 560 + 23 * step });
    await tiles.press(step % 3 === 0 ? 'PageUp' : 'ArrowLeft');
    await expect(pictures.first()).toBeVisible();
  }
});
