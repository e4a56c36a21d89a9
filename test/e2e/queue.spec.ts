import type { Locator, Page } from '@playwright/test';
import { type Desk, expect, say, test } from './tusk.ts';

const queue = (page: Page): Locator => page.getByRole('region', { name: 'Queue' });
const messages = (page: Page) => queue(page).getByRole('listitem').locator('.queue-message');

/** Three messages that wait. */
const line = async ({ page, studio }: Desk) => {
  await studio.call('jobs.pause', { paused: true });
  for (const thing of ['cat', 'dog', 'owl']) {
    await say(page, `draw a ${thing}`);
    await expect(queue(page)).toContainText(`draw a ${thing}`);
  }
};

test('what waits can be moved up, down and run first; the order is stored', async ({ desk }) => {
  const { page, studio } = desk;
  await line(desk);
  await queue(page).getByRole('button', { name: 'Move up: draw a owl' }).click();
  await expect(messages(page)).toHaveText(['draw a cat', 'draw a owl', 'draw a dog']);
  await queue(page).getByRole('button', { name: 'Run first: draw a dog' }).click();
  await expect(messages(page)).toHaveText(['draw a dog', 'draw a cat', 'draw a owl']);
  await queue(page).getByRole('button', { name: 'Move down: draw a dog' }).click();
  await expect(messages(page)).toHaveText(['draw a cat', 'draw a dog', 'draw a owl']);
  const { jobs } = await studio.call('studio.open', {});
  const waiting = jobs.filter(({ state }) => state === 'queued').map(({ message }) => message);
  expect(waiting).toEqual(['draw a cat', 'draw a dog', 'draw a owl']);
});

test('dragging a chip reorders', async ({ desk }) => {
  const { page } = desk;
  await line(desk);
  const chips = queue(page).getByRole('listitem');
  await chips.filter({ hasText: 'owl' }).dragTo(chips.filter({ hasText: 'cat' }));
  await expect(messages(page)).toHaveText(['draw a owl', 'draw a cat', 'draw a dog']);
});

test('a waiting message is changed where it waits and in the thread', async ({ desk }) => {
  const { page, studio, chat } = desk;
  await line(desk);
  await queue(page).getByRole('button', { name: 'Edit: draw a dog' }).click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('draw a fox');
  await page.keyboard.press('Enter');
  await expect(messages(page)).toHaveText(['draw a cat', 'draw a fox', 'draw a owl']);
  await expect(page.getByRole('list', { name: 'Messages' })).toContainText('draw a fox');
  const { turns } = await studio.call('chats.get', { chatId: chat.id });
  expect(turns.map(({ text }) => text)).toEqual(['draw a cat', 'draw a fox', 'draw a owl']);
});

test('Escape leaves a waiting message as it was', async ({ desk }) => {
  const { page, studio, chat } = desk;
  await line(desk);
  await queue(page).getByRole('button', { name: 'Edit: draw a dog' }).click();
  await page.keyboard.type(' and a fox');
  await page.keyboard.press('Escape');
  await expect(messages(page)).toHaveText(['draw a cat', 'draw a dog', 'draw a owl']);
  const { turns } = await studio.call('chats.get', { chatId: chat.id });
  expect(turns[1]?.text).toBe('draw a dog');
});

test('one is cancelled, then all', async ({ desk }) => {
  const { page, studio, chat } = desk;
  await line(desk);
  await queue(page).getByRole('button', { name: 'Cancel: draw a dog' }).click();
  await expect(messages(page)).toHaveText(['draw a cat', 'draw a owl']);
  await queue(page).getByRole('button', { name: 'Cancel all' }).click();
  await expect(messages(page)).toHaveCount(0);
  const { jobs } = await studio.call('chats.get', { chatId: chat.id });
  expect(jobs.map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'cancelled']);
});

test('pausing and going on by hand', async ({ desk }) => {
  const { page, studio } = desk;
  await line(desk);
  await expect(queue(page).getByText('Paused, 3 waiting')).toBeVisible();
  await queue(page).getByRole('button', { name: 'Go on with the queue' }).click();
  await expect(queue(page).getByRole('button', { name: 'Pause the queue' })).toBeVisible();
  expect((await studio.call('studio.open', {})).queuePaused).toBe(false);
});

test('a paused queue is there after a reload', async ({ desk }) => {
  const { page } = desk;
  await line(desk);
  await page.reload();
  await expect(messages(page)).toHaveText(['draw a cat', 'draw a dog', 'draw a owl']);
  await expect(queue(page).getByText('Paused, 3 waiting')).toBeVisible();
});

test('Mod+Shift+Enter sends before all that wait', async ({ desk }) => {
  const { page } = desk;
  await line(desk);
  await page.getByRole('textbox', { name: 'Message' }).fill('draw a bee');
  await page.keyboard.press('ControlOrMeta+Shift+Enter');
  await expect(messages(page).first()).toHaveText('draw a bee');
});
