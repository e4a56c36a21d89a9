import type { Page } from '@playwright/test';
import { type Desk, expect, say, test } from './tusk.ts';
import { violations } from './violations.ts';

/** Every screen, and how a person gets there from a prepared chat. */
const SCREENS: Record<string, (desk: Desk) => Promise<void>> = {
  studio: async () => {},
  'an empty chat': ({ page }) => page.getByRole('button', { name: 'New chat' }).click(),
  'the list of chats': ({ page }) => page.getByRole('button', { name: 'Chats' }).click(),
  'a paused queue': async ({ page, studio }) => {
    await studio.call('jobs.pause', { paused: true });
    await say(page, 'draw a cat');
    await page.getByRole('region', { name: 'Queue' }).waitFor();
  },
  'more settings': ({ page }) => page.getByRole('button', { name: 'More settings' }).click(),
  'the open recipe': ({ page }) => page.getByText('Recipe', { exact: true }).click(),
  compare: ({ page, red }) =>
    page.getByRole('button', { name: `Brought in: ${red.prompt}` }).click({ modifiers: ['Shift'] }),
  'the library with a selection': async ({ page, red }) => {
    await page.getByRole('button', { name: 'Library', exact: true }).click();
    await page.getByRole('option', { name: red.prompt }).click();
  },
  'export from the library': async ({ page, red }) => {
    await page.getByRole('button', { name: 'Library', exact: true }).click();
    await page.getByRole('option', { name: red.prompt }).click();
    await page.getByRole('button', { name: 'Export' }).click();
  },
  models: async ({ page }) => {
    await page.getByRole('button', { name: 'Models', exact: true }).click();
    await page.getByText('What is inside').click();
    await page.getByRole('table').waitFor();
  },
  'a colour being taken': ({ page }) => page.getByRole('button', { name: 'Take a colour' }).click(),
  'a slip in the message': async ({ page }) => {
    await page.getByRole('textbox', { name: 'Message' }).fill('draw an aple and a harpsichord');
    await page.getByText('Was this meant').waitFor();
  },
  'the palette': ({ page }) => page.keyboard.press('ControlOrMeta+k'),
  'the sheet of keys': ({ page }) => page.keyboard.press('?'),
  'the first steps': async ({ page }) => {
    await page.getByRole('button', { name: 'Settings', exact: true }).click();
    await page.getByRole('button', { name: 'Show again' }).click();
  },
  settings: async ({ page }) => {
    await page.getByRole('button', { name: 'Settings', exact: true }).click();
    await page.getByRole('group', { name: 'Theme' }).waitFor();
  },
};

for (const [screen, reach] of Object.entries(SCREENS))
  test(`no axe violation in both themes: ${screen}`, async ({ desk }) => {
    await reach(desk);
    expect(await violations(desk.page)).toEqual([]);
  });

test('no axe violation on a library with nothing found', async ({ desk: { page } }) => {
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  await page.getByRole('searchbox').fill('harpsichord');
  await page.getByText('Nothing found').waitFor();
  expect(await violations(page)).toEqual([]);
});

const NARROW = { width: 400, height: 800 };
const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

for (const view of ['Studio', 'Library', 'Models', 'Settings'])
  test(`nothing is wider than a window of 400 pixels: ${view}`, async ({ desk: { page } }) => {
    await page.setViewportSize(NARROW);
    await page.getByRole('button', { name: view, exact: true }).click();
    await expect(page.getByRole('button', { name: view, exact: true })).toHaveAttribute(
      'aria-current',
      'page',
    );
    expect(await overflow(page)).toBeLessThanOrEqual(0);
  });

test('narrow: thread and picture take turns', async ({ desk: { page, blue } }) => {
  await page.setViewportSize(NARROW);
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
  await page.getByRole('button', { name: 'Picture', exact: true }).click();
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeHidden();
  await expect(page.locator('.canvas-picture').getByRole('img', { name: blue.prompt })).toBeVisible();
  for (const name of ['Delete', 'Fit', 'Point at it'])
    await expect(page.getByRole('button', { name, exact: true })).toBeInViewport({ ratio: 1 });
  await page.getByRole('button', { name: 'Chat', exact: true }).click();
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
});

test('a long title takes no room from what can be pressed', async ({ desk: { page, studio, chat } }) => {
  await studio.call('chats.rename', {
    chatId: chat.id,
    title: 'a very long title of a chat '.repeat(7).trim(),
  });
  for (const width of [1024, 400]) {
    await page.setViewportSize({ width, height: 800 });
    for (const name of ['Send', 'Mode: Edit, detected'])
      await expect(page.getByRole('button', { name })).toBeInViewport({ ratio: 1 });
  }
});

test('written from right to left, everything stands on the other side and nothing is wider than the window', async ({
  desk: { page },
}) => {
  await page.evaluate(() => document.documentElement.setAttribute('dir', 'rtl'));
  const rail = (await page.getByRole('navigation', { name: 'Tusk' }).boundingBox())!;
  const canvas = (await page.getByRole('region', { name: 'Picture' }).boundingBox())!;
  expect(rail.x).toBeGreaterThan(canvas.x + canvas.width);
  for (const width of [1280, 400]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await expect(page.getByRole('button', { name: 'Send' })).toBeInViewport({ ratio: 1 });
  }
});

test('who wants less motion gets none', async ({ desk: { page } }) => {
  const moving = () =>
    page.evaluate(
      () =>
        [...document.querySelectorAll('*')].filter((element) => {
          const { transitionDuration, animationName } = getComputedStyle(element);
          return animationName !== 'none' || transitionDuration.split(', ').some((time) => time !== '0s');
        }).length,
    );
  expect(await moving()).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  expect(await moving()).toBe(0);
  await page.emulateMedia({ reducedMotion: null });
});

test('the page fits a window 400 pixels wide before anything was made', async ({ home }) => {
  await home.setViewportSize(NARROW);
  expect(await overflow(home)).toBeLessThanOrEqual(0);
  await expect(home.getByRole('textbox', { name: 'Message' })).toBeVisible();
});
