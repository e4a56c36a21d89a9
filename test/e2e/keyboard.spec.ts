/** No pointer at all: Tab, Enter, arrows and shortcuts. */
import type { Page } from '@playwright/test';
import { expect, test } from './tusk.ts';

const MADE = { timeout: 100_000 };

/** Tab until the element with that name has the focus; that many presses must do. */
async function tabTo(page: Page, name: string | RegExp, most = 60): Promise<void> {
  const wanted = page.getByRole('button', { name }).or(page.getByRole('textbox', { name })).first();
  for (let press = 0; press < most; press += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${name} can't be reached with Tab.`);
}

test('delete a version and take it back', async ({ desk }) => {
  const { page, studio, red } = desk;
  await tabTo(page, `Brought in: ${red.prompt}`);
  await page.keyboard.press('Delete');
  await expect(page.getByText('The picture is in the bin.')).toBeVisible();
  expect((await studio.call('versions.get', { versionId: red.id })).deletedAt).not.toBeNull();
  await tabTo(page, 'Undo');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: `Brought in: ${red.prompt}` })).toBeVisible();
  expect((await studio.call('versions.get', { versionId: red.id })).deletedAt).toBeNull();
});

test('deleting the picture on the canvas leaves another one of the chat there; undo brings it back', async ({
  desk,
}) => {
  const { page, studio, red, blue } = desk;
  const canvas = page.locator('.canvas-picture');
  await tabTo(page, `Brought in: ${blue.prompt}`);
  await page.keyboard.press('Delete');
  await expect(canvas.getByRole('img', { name: red.prompt })).toBeVisible();
  await expect(page.getByText('No picture chosen')).toBeVisible();
  expect((await studio.call('versions.get', { versionId: blue.id })).deletedAt).not.toBeNull();
  await page.keyboard.press('ControlOrMeta+z');
  await expect(canvas.getByRole('img', { name: blue.prompt })).toBeVisible();
});

test('star a version', async ({ desk }) => {
  const { page, studio, red } = desk;
  await tabTo(page, `Brought in: ${red.prompt}`);
  await page.keyboard.press('.');
  await expect(page.getByRole('button', { name: `Brought in, starred: ${red.prompt}` })).toBeVisible();
  expect((await studio.call('versions.get', { versionId: red.id })).starred).toBe(true);
});

test('ask and edit: the message, its mode, sending', async ({ desk }) => {
  const { page, studio, chat } = desk;
  await studio.call('jobs.pause', { paused: true });
  await tabTo(page, 'Message');
  await page.keyboard.type('what colour is the disc?');
  await page.keyboard.press('ControlOrMeta+Enter');
  await page.keyboard.type('make the disc green');
  await page.keyboard.press('ControlOrMeta+Enter');
  await expect(page.getByRole('list', { name: 'Messages' })).toContainText('make the disc green');
  const { jobs } = await studio.call('chats.get', { chatId: chat.id });
  expect(jobs.map(({ mode }) => mode)).toEqual(['ask', 'edit']);
});

test('Alt+N begins a chat and puts the focus into the message', async ({ desk: { page } }) => {
  await page.keyboard.press('Alt+n');
  await expect(page.getByRole('heading', { name: 'New chat' })).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeFocused();
});

test('the focus ring is seen by keyboard', async ({ desk: { page } }) => {
  await page.keyboard.press('Tab');
  const outline = await page.evaluate(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement!);
    return `${outlineStyle} ${outlineWidth}`;
  });
  expect(outline).toBe('solid 2px');
});

test('the width of the chat changes with arrow keys', async ({ desk: { page } }) => {
  const divider = page.getByRole('separator', { name: 'Width of the chat' });
  const before = Number(await divider.getAttribute('aria-valuenow'));
  await divider.press('ArrowRight');
  await expect(divider).toHaveAttribute('aria-valuenow', String(before + 16));
});

test('create, ask, edit, compare, delete and undo, one after the other', async ({ desk }) => {
  const { page, studio, chat } = desk;
  const write = async (message: string) => {
    await tabTo(page, 'Message');
    await page.keyboard.type(message);
    await page.keyboard.press('ControlOrMeta+Enter');
  };
  await write('draw a red apple');
  const made = page.getByRole('button', { name: 'Created: draw a red apple' });
  await expect(made).toBeVisible(MADE);
  await expect(made).toHaveAttribute('aria-pressed', 'true');
  await write('what is this?');
  const jobs = async () => (await studio.call('chats.get', { chatId: chat.id })).jobs;
  await expect.poll(async () => (await jobs())[1]?.state, MADE).toBe('done');
  await write('make the apple green');
  const edited = page.getByRole('button', { name: 'Edit: make the apple green' });
  await expect(edited).toBeVisible(MADE);
  const states = async () => (await jobs()).map(({ mode, state }) => `${mode} ${state}`);
  await expect.poll(states).toEqual(['create done', 'ask done', 'edit done']);

  await tabTo(page, 'Created: draw a red apple');
  await page.keyboard.press('Shift+Enter');
  const dialog = page.getByRole('dialog', { name: 'Compare' });
  await expect(dialog).toBeVisible();
  await page.keyboard.press('m');
  await expect(dialog.getByRole('radio', { name: 'Side by side' })).toBeChecked();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);

  await tabTo(page, 'Edit: make the apple green');
  await page.keyboard.press('Delete');
  await expect(edited).toHaveCount(0);
  const binned = async () => {
    const { versions } = await studio.call('library.list', { deleted: true, text: 'make the apple green' });
    return versions.length;
  };
  await expect.poll(binned).toBe(1);
  const canvas = page.locator('.canvas-picture');
  await expect(canvas.getByRole('img', { name: 'draw a red apple' })).toBeVisible();
  await page.keyboard.press('ControlOrMeta+z');
  await expect(edited).toBeVisible();
  await expect(canvas.getByRole('img', { name: 'make the apple green' })).toBeVisible();
  await expect.poll(binned).toBe(0);
});
