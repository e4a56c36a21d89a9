/** The canvas's finer tools: colours, pixels, panning with Space, turning, and taking a recipe up by key. */
import { type Desk, expect, test } from './tusk.ts';

const message = ({ page }: Desk) => page.getByRole('textbox', { name: 'Message' });
const box = async ({ page }: Desk) => (await page.locator('.canvas-picture').boundingBox())!;

test.beforeEach(({ desk: { page } }) =>
  page.context().grantPermissions(['clipboard-read', 'clipboard-write']),
);

test('a colour is taken by click: its name where the cursor stands, its code on the clipboard', async ({
  desk,
}) => {
  const { page } = desk;
  await message(desk).fill('make the disc and smaller');
  for (let step = 0; step < ' and smaller'.length; step++) await message(desk).press('ArrowLeft');
  await page.getByRole('button', { name: 'Take a colour' }).click();
  const { x, y, width, height } = await box(desk);
  await page.mouse.move(x + width / 2, y + height / 2);
  await expect(page.getByRole('status').getByText('#1f4fc8 blue')).toBeVisible();
  await page.mouse.click(x + width / 2, y + height / 2);
  await expect(message(desk)).toHaveValue('make the disc blue and smaller');
  await expect(message(desk)).toBeFocused();
  await expect(page.getByText('#1f4fc8 was copied.')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('#1f4fc8');
});

test('a colour is taken by keys alone; Escape leaves without taking', async ({ desk }) => {
  const { page } = desk;
  await page.getByRole('button', { name: 'Mirror' }).focus();
  await page.keyboard.press('i');
  const picker = page.getByRole('button', { name: /Click a place to take its colour/ });
  await expect(picker).toBeFocused();
  // From the middle of the disc into the black corner.
  for (let step = 0; step < 7; step++) await page.keyboard.press('Shift+ArrowUp');
  await page.keyboard.press('Shift+ArrowLeft');
  for (let step = 0; step < 7; step++) await page.keyboard.press('Shift+ArrowLeft');
  await expect(picker).toContainText('#000000 black');
  await page.keyboard.press('Enter');
  await expect(message(desk)).toHaveValue('black');
  await message(desk).fill('');
  await page.getByRole('button', { name: 'Mirror' }).focus();
  await page.keyboard.press('i');
  await page.keyboard.press('Escape');
  await expect(picker).toHaveCount(0);
  await expect(message(desk)).toHaveValue('');
});

test('pixels get lines between them when they are large, and none when they are small', async ({ desk }) => {
  const { page } = desk;
  const grid = page.locator('.pixel-grid');
  await expect(grid).toHaveCount(0);
  await page.keyboard.press('ControlOrMeta+1');
  for (let step = 0; step < 10; step++) await page.keyboard.press('ControlOrMeta+=');
  await expect(grid).toBeVisible();
  const { width } = await box(desk);
  const [line] = (await grid.evaluate((element) => getComputedStyle(element).backgroundSize)).split(' ');
  expect(Number.parseFloat(line!)).toBeCloseTo(width / 160, 1);
  await page.keyboard.press('ControlOrMeta+0');
  await expect(grid).toHaveCount(0);
});

test('Space and a drag move the picture while a tool is chosen; the tool stays', async ({ desk }) => {
  const { page, studio, chat } = desk;
  await page.getByRole('button', { name: 'Crop' }).click();
  const before = await box(desk);
  await page.mouse.move(before.x + 60, before.y + 60);
  await page.keyboard.down('Space');
  await page.mouse.down();
  await page.mouse.move(before.x + 110, before.y + 40, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up('Space');
  const after = await box(desk);
  expect([Math.round(after.x - before.x), Math.round(after.y - before.y)]).toEqual([50, -20]);
  await expect(page.getByRole('button', { name: /Draw a box/ })).toBeVisible();
  expect((await studio.call('chats.get', { chatId: chat.id })).versions).toHaveLength(2);
});

test('Space written into a message stays a space', async ({ desk }) => {
  const { page } = desk;
  const { x, y } = await box(desk);
  await message(desk).focus();
  await page.mouse.move(x + 20, y + 20);
  await page.keyboard.type('a b');
  await expect(message(desk)).toHaveValue('a b');
});

test('rotate left and upside down are versions of their own, and undo each other where they should', async ({
  desk,
}) => {
  const { page, studio, chat, blue } = desk;
  await page.getByRole('button', { name: 'Rotate left' }).click();
  await expect(page.getByRole('button', { name: /^Rotated: / })).toHaveAttribute('aria-pressed', 'true');
  await page.getByRole('button', { name: 'Turn upside down' }).click();
  await expect(page.getByRole('button', { name: /^Mirrored: / })).toHaveAttribute('aria-pressed', 'true');
  const { versions } = await studio.call('chats.get', { chatId: chat.id });
  const rotated = versions.find(({ kind }) => kind === 'rotate');
  const flipped = versions.find(({ kind }) => kind === 'flip');
  expect([rotated?.parentId, flipped?.parentId]).toEqual([blue.id, rotated?.id]);
});

test('P writes a picture’s prompt again, A its whole recipe, and a text field keeps its letters', async ({
  desk,
}) => {
  const { page, blue } = desk;
  await page.getByRole('button', { name: 'Mirror' }).focus();
  await page.keyboard.press('p');
  await expect(message(desk)).toHaveValue(blue.prompt);
  await message(desk).fill('');
  await message(desk).press('p');
  await expect(message(desk)).toHaveValue('p');
  await page.getByRole('button', { name: 'Mirror' }).focus();
  await page.keyboard.press('a');
  await expect(message(desk)).toHaveValue(blue.prompt);
  await expect(page.getByText('No picture chosen')).toBeVisible();
});
