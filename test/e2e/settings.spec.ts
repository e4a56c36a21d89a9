import type { Page } from '@playwright/test';
import { BROWSER, expect, test } from './tusk.ts';

const open = (page: Page) => page.getByRole('button', { name: 'Settings', exact: true }).click();

test.afterEach(({ studio }) =>
  studio.call('settings.set', { theme: 'system', language: 'en', sendKey: 'mod-enter' }),
);

test('the dark theme is taken at once, kept and there after a reload', async ({ desk: { page, studio } }) => {
  await open(page);
  await page.getByRole('group', { name: 'Theme' }).getByText('Dark').click();
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await expect.poll(ground).toBe('rgb(20, 19, 18)');
  expect((await studio.call('studio.open', {})).settings.theme).toBe('dark');
  await page.reload();
  await expect.poll(ground).toBe('rgb(20, 19, 18)');
});

test('German: every label of the rail, the page says its language, it is kept', async ({ desk }) => {
  const { page, studio } = desk;
  await open(page);
  await page.getByRole('combobox', { name: 'Language' }).selectOption('de');
  await expect(page.getByRole('heading', { name: 'Einstellungen' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  for (const name of ['Neuer Chat', 'Bibliothek', 'Modelle', 'Einstellungen'])
    await expect(page.getByRole('button', { name, exact: true })).toBeVisible();
  expect((await studio.call('studio.open', {})).settings.language).toBe('de');
});

test('Enter sends when a person wants it so', async ({ desk: { page, studio, chat } }) => {
  await studio.call('jobs.pause', { paused: true });
  await open(page);
  await page.getByRole('group', { name: 'Send with' }).getByText('Enter', { exact: true }).click();
  await page.getByRole('button', { name: 'Studio', exact: true }).click();
  await page.getByRole('textbox', { name: 'Message' }).fill('draw a red apple');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('list', { name: 'Messages' })).toContainText('draw a red apple');
  expect((await studio.call('chats.get', { chatId: chat.id })).jobs).toHaveLength(1);
});

test(
  'a browser offers no settings that only the desktop app can keep',
  BROWSER,
  async ({ desk: { page } }) => {
    await open(page);
    await expect(page.getByRole('switch', { name: 'Drift guard' })).toBeVisible();
    await expect(page.getByRole('switch', { name: /done|updates/i })).toHaveCount(0);
  },
);

test('the ledger says that nothing went over the network', async ({ desk: { page } }) => {
  await open(page);
  await expect(
    page.getByText('None so far. Pictures, prompts and models stay on this computer.'),
  ).toBeVisible();
});
