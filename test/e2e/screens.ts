import { type Desk, expect, say, test } from './tusk.ts';

const SIZES = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
  { width: 400, height: 800 },
];
const THEMES = ['light', 'dark'] as const;

const go = ({ page }: Desk, view: string) => page.getByRole('button', { name: view, exact: true }).click();

const choose = async (desk: Desk) => {
  await go(desk, 'Library');
  await desk.page.getByRole('option', { name: desk.red.prompt }).click();
};

/** Every screen and state, and how a person gets there from a chat with two pictures. */
const SCREENS: Record<string, (desk: Desk) => Promise<unknown>> = {
  studio: async () => {},
  'new-chat': (desk) => go(desk, 'New chat'),
  chats: (desk) => go(desk, 'Chats'),
  options: (desk) => go(desk, 'More settings'),
  recipe: ({ page }) => page.getByText('Recipe', { exact: true }).click(),
  crop: (desk) => go(desk, 'Crop'),
  point: (desk) => go(desk, 'Point at it'),
  compare: ({ page, red }) =>
    page.getByRole('button', { name: `Brought in: ${red.prompt}` }).click({ modifiers: ['Shift'] }),
  difference: async ({ page, red }) => {
    await page.getByRole('button', { name: `Brought in: ${red.prompt}` }).click({ modifiers: ['Shift'] });
    await page.getByText('Difference', { exact: true }).click();
  },
  queue: async ({ page, studio }) => {
    await studio.call('jobs.pause', { paused: true });
    for (const thing of ['cat', 'dog']) await say(page, `draw a ${thing}`);
  },
  trouble: ({ page }) =>
    page
      .locator('input[type=file]')
      .setInputFiles({ name: 'damaged.png', mimeType: 'image/png', buffer: Buffer.from('damaged') }),
  library: (desk) => go(desk, 'Library'),
  'library-selection': choose,
  'library-export': async (desk) => {
    await choose(desk);
    await go(desk, 'Export');
  },
  'library-nothing': async (desk) => {
    await go(desk, 'Library');
    await desk.page.getByRole('searchbox').fill('harpsichord');
    await desk.page.getByText('Nothing found').waitFor();
  },
  models: (desk) => go(desk, 'Models'),
  settings: (desk) => go(desk, 'Settings'),
  palette: ({ page }) => page.keyboard.press('ControlOrMeta+k'),
  shortcuts: ({ page }) => page.keyboard.press('?'),
  tour: async (desk) => {
    await go(desk, 'Settings');
    await go(desk, 'Show again');
  },
  working: async ({ page }) => {
    await say(page, 'draw a red apple');
    await expect(page.getByRole('progressbar').first()).toHaveAttribute('aria-valuetext', /row|step/i);
  },
  made: async ({ page }) => {
    await say(page, 'draw a red apple');
    await page.getByRole('button', { name: 'Show: draw a red apple' }).first().waitFor({ timeout: 120_000 });
  },
};

for (const [name, reach] of Object.entries(SCREENS))
  test(name, async ({ desk }) => {
    await reach(desk);
    for (const colorScheme of THEMES)
      for (const size of SIZES) {
        await desk.page.emulateMedia({ colorScheme });
        await desk.page.setViewportSize(size);
        await desk.page.screenshot({ path: `screenshots/${name}-${size.width}-${colorScheme}.png` });
      }
  });
