/** Enlarging: by button, key and palette; seen while it is made; a child of its source. */
import { type Desk, expect, test } from './tusk.ts';

const MADE = { timeout: 100_000 };
const node = ({ page, blue }: Desk) => page.getByRole('button', { name: `Enlarged: ${blue.prompt}` });
const enlarged = async ({ studio, chat }: Desk) =>
  (await studio.call('chats.get', { chatId: chat.id })).versions.filter(({ kind }) => kind === 'upscale');

test('the button makes it twice as large: progress, then a child of its source on the canvas', async ({
  desk,
}) => {
  const { page, blue } = desk;
  await page.getByRole('button', { name: 'Bigger, ×2' }).click();
  await expect(page.getByRole('list', { name: 'Messages' })).toContainText(`${blue.prompt} ×2`);
  await expect(node(desk)).toHaveAttribute('aria-pressed', 'true', MADE);
  expect(await enlarged(desk)).toMatchObject([{ parentId: blue.id, width: 320, height: 320 }]);
  await page.keyboard.press('ControlOrMeta+1');
  await expect.poll(async () => (await page.locator('.canvas-picture').boundingBox())!.width).toBe(320);
  await expect(page.getByRole('button', { name: 'Another one' })).toHaveCount(0);
});

test('Shift+U makes it four times as large', async ({ desk }) => {
  await desk.page.keyboard.press('Shift+U');
  await expect(node(desk)).toBeVisible(MADE);
  expect(await enlarged(desk)).toMatchObject([{ parentId: desk.blue.id, width: 640, height: 640 }]);
});

test('the palette offers both; one that waits is dropped without a trace', async ({ desk }) => {
  const { page, studio, blue } = desk;
  await studio.call('jobs.pause', { paused: true });
  await page.keyboard.press('ControlOrMeta+k');
  await page.keyboard.type('2 times as large');
  await page.keyboard.press('Enter');
  const queue = page.getByRole('region', { name: 'Queue' });
  await expect(queue).toContainText(`${blue.prompt} ×2`);
  await expect(queue.getByRole('button', { name: /^Edit: / })).toHaveCount(0);
  await queue.getByRole('button', { name: `Cancel: ${blue.prompt} ×2` }).click();
  await expect(queue.getByRole('listitem')).toHaveCount(0);
  expect(await enlarged(desk)).toEqual([]);
});
