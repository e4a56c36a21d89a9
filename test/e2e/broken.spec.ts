/** A part of the window that breaks, or doesn't come, takes nothing else with it. */
import { BROWSER, expect, test } from './tusk.ts';
import { violations } from './violations.ts';

const REFUSED = '**/assets/*';

test(
  'a view the server refuses says so; the rest works, and it comes when it is asked for again',
  BROWSER,
  async ({ home: page }) => {
    await page.route(`${REFUSED}Library-*.js`, (route) => route.abort());
    await page.reload();
    await page.getByRole('textbox', { name: 'Message' }).fill('a red apple');
    await page.getByRole('button', { name: 'Library', exact: true }).click();
    const card = page.getByRole('alert').filter({ hasText: 'This part of the window didn’t load' });
    await expect(card).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Settings', exact: true }).click();
    await expect(page.getByRole('group', { name: 'Theme' })).toBeVisible();
    await page.getByRole('button', { name: 'Studio', exact: true }).click();
    await expect(page.getByRole('textbox', { name: 'Message' })).toHaveValue('a red apple');
    await page.getByRole('button', { name: 'Library', exact: true }).click();
    await expect(card).toBeVisible();
    await page.unroute(`${REFUSED}Library-*.js`);
    await card.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByRole('searchbox')).toBeVisible();
    await expect(card).toHaveCount(0);
  },
);

test(
  'a dialog that doesn’t come stands in a dialog of its own, and Escape leaves it',
  BROWSER,
  async ({ home: page }) => {
    await page.route(`${REFUSED}Shortcuts-*.js`, (route) => route.fulfill({ status: 503 }));
    await page.reload();
    await page.getByRole('button', { name: 'New chat' }).focus();
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('alert')).toContainText('didn’t load');
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
    await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
  },
);

test(
  'a canvas that breaks leaves the chat usable; the report names the cause',
  BROWSER,
  async ({ desk: { chat }, home: page }) => {
    // What an old browser lacks: the canvas measures itself by it.
    await page.addInitScript(() => Reflect.deleteProperty(window, 'ResizeObserver'));
    await page.evaluate((id) => sessionStorage.setItem('tusk-chat', id), chat.id);
    await page.reload();
    const card = page.getByRole('alert').filter({ hasText: 'can’t be shown' }).first();
    await card.getByText('Details').click();
    await expect(card).toContainText('ResizeObserver is not defined');
    await page.getByRole('textbox', { name: 'Message' }).fill('still here');
    await expect(page.getByRole('textbox', { name: 'Message' })).toHaveValue('still here');
    await expect(card.getByRole('button', { name: 'Load the window anew' })).toBeVisible();
  },
);
