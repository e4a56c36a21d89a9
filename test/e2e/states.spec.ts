/** What screens look like while something is going on or has gone wrong: no axe violation there either. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Desk, expect, say, type Tusk, test } from './tusk.ts';
import { violations } from './violations.ts';

const STATES: Record<string, (desk: Desk, tusk: Tusk) => Promise<void>> = {
  ...Object.fromEntries(
    ['Side by side', 'Hold to peek', 'Blink', 'Difference'].map((kind) => [
      `compare: ${kind}`,
      async ({ page, red }: Desk) => {
        await page.getByRole('button', { name: `Brought in: ${red.prompt}` }).click({ modifiers: ['Shift'] });
        await page.getByRole('dialog', { name: 'Compare' }).getByText(kind, { exact: true }).click();
      },
    ]),
  ),
  'the crop tool': ({ page }) => page.getByRole('button', { name: 'Crop' }).click(),
  'pointing at a place': ({ page }) => page.getByRole('button', { name: 'Point at it' }).click(),
  'a chat that is renamed': async ({ page, chat }) => {
    await page.getByRole('button', { name: 'Chats' }).click();
    await page.getByRole('button', { name: `Rename: ${chat.title}`, exact: true }).click();
  },
  'an alert': async ({ page }) => {
    const damaged = { name: 'damaged.png', mimeType: 'image/png', buffer: Buffer.from('damaged') };
    await page.locator('input[type=file]').first().setInputFiles(damaged);
    await page.getByRole('alert').waitFor();
  },
  'a job that failed': async ({ page, blue }, tusk) => {
    await rm(join(tusk.library, 'pictures', `${blue.id}.png`));
    await say(page, 'make the disc green');
    await page.getByRole('alert').getByText('Try again').waitFor({ timeout: 100_000 });
    await page.getByRole('alert').locator('summary').click();
  },
  'a job at work': async ({ page }) => {
    await say(page, 'draw a red apple');
    await page.getByRole('progressbar').first().waitFor();
  },
  'the bin, asked to be emptied': async ({ page, studio, red }) => {
    await studio.call('versions.delete', { versionIds: [red.id] });
    await page.getByRole('button', { name: 'Library', exact: true }).click();
    await page.getByRole('button', { name: 'Bin', exact: true }).click();
    await page.getByRole('button', { name: 'Empty the bin' }).click();
  },
  'a model that is refused': async ({ page }) => {
    await page.getByRole('button', { name: 'Models', exact: true }).click();
    await page.getByRole('textbox', { name: 'Path of the folder' }).fill('/nowhere/at/all');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
  },
};

for (const [state, reach] of Object.entries(STATES))
  test(`no axe violation in both themes: ${state}`, async ({ desk, tusk }) => {
    await reach(desk, tusk);
    expect(await violations(desk.page)).toEqual([]);
  });

test('every picture on the screen is named after its prompt', async ({ desk }) => {
  const { page, red, blue } = desk;
  const pictures = page.locator('main img[src*="/pictures/"], .composer img[src*="/pictures/"]');
  const unnamed = () =>
    pictures.evaluateAll(
      (images, prompts) =>
        images
          .map((image) => {
            const named = image.closest('button, [role=img]')?.getAttribute('aria-label');
            return image.getAttribute('alt') || named;
          })
          .filter((name) => !prompts.some((prompt) => name?.includes(prompt))),
      [red.prompt, blue.prompt],
    );
  await expect(page.getByRole('img', { name: blue.prompt }).first()).toBeVisible();
  expect(await pictures.count()).toBeGreaterThan(2);
  expect(await unnamed()).toEqual([]);
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  await page.getByRole('searchbox').fill(red.prompt);
  await page.getByRole('option', { name: red.prompt }).click();
  await expect(page.getByRole('listbox', { name: 'Pictures' }).getByRole('option')).toHaveCount(1);
  expect(await unnamed()).toEqual([]);
});
