import { type Desk, expect, test } from './tusk.ts';

const picture = ({ page }: Desk) => page.locator('.canvas-picture');

const width = async (desk: Desk) => (await picture(desk).boundingBox())!.width;

test('zoom by keys: real size, closer, fitted again', async ({ desk }) => {
  const { page } = desk;
  const fitted = await width(desk);
  await page.keyboard.press('ControlOrMeta+1');
  await expect.poll(() => width(desk)).toBe(160);
  await page.keyboard.press('ControlOrMeta+=');
  await expect.poll(() => width(desk)).toBe(200);
  await page.keyboard.press('ControlOrMeta+-');
  await expect.poll(() => width(desk)).toBe(160);
  await page.keyboard.press('ControlOrMeta+0');
  await expect.poll(() => width(desk)).toBe(fitted);
});

test('wheel zooms to the pointer, dragging moves the picture', async ({ desk }) => {
  const { page } = desk;
  const before = (await picture(desk).boundingBox())!;
  await page.mouse.move(before.x + 40, before.y + 40);
  await page.mouse.wheel(0, -200);
  await expect.poll(() => width(desk)).toBeGreaterThan(before.width);
  const zoomed = (await picture(desk).boundingBox())!;
  await page.mouse.down();
  await page.mouse.move(before.x + 90, before.y + 70, { steps: 4 });
  await page.mouse.up();
  const moved = (await picture(desk).boundingBox())!;
  expect(Math.round(moved.x - zoomed.x)).toBe(50);
  expect(Math.round(moved.y - zoomed.y)).toBe(30);
});

test('rotate makes a new version; the source stays as it was', async ({ desk }) => {
  const { page, studio, chat, blue } = desk;
  await page.getByRole('button', { name: 'Rotate right' }).click();
  await expect(page.getByRole('button', { name: /^Rotated: / })).toHaveAttribute('aria-pressed', 'true');
  const { versions } = await studio.call('chats.get', { chatId: chat.id });
  const rotated = versions.find(({ kind }) => kind === 'rotate');
  expect(rotated).toMatchObject({ parentId: blue.id, width: 160, height: 160 });
  expect(await studio.call('versions.get', { versionId: blue.id })).toMatchObject({
    kind: 'import',
    deletedAt: null,
  });
});

test('mirror moves what is on the left to the right', async ({ desk }) => {
  const { page } = desk;
  const corner = () =>
    page
      .locator('.canvas-picture img')
      .first()
      .evaluate(async (image: HTMLImageElement) => {
        await image.decode();
        const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 160 });
        const context = canvas.getContext('2d')!;
        context.drawImage(image, 0, 0);
        return [context.getImageData(5, 5, 1, 1).data[0], context.getImageData(155, 5, 1, 1).data[0]];
      });
  expect(await corner()).toEqual([0, 244]);
  await page.getByRole('button', { name: 'Mirror' }).click();
  await expect(page.getByRole('button', { name: /^Mirrored: / })).toBeVisible();
  await expect.poll(corner).toEqual([244, 0]);
});

test('crop with the keyboard alone', async ({ desk }) => {
  const { page, studio, chat, blue } = desk;
  await page.getByRole('button', { name: 'Crop' }).press('Enter');
  const box = page.getByRole('button', { name: /Draw a box/ });
  await expect(box).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: /^Cropped: / })).toHaveAttribute('aria-pressed', 'true');
  const { versions } = await studio.call('chats.get', { chatId: chat.id });
  const cropped = versions.find(({ kind }) => kind === 'crop');
  expect(cropped).toMatchObject({ parentId: blue.id, width: 88, height: 80 });
});

test('Escape leaves the crop tool and nothing is made', async ({ desk }) => {
  const { page, studio, chat } = desk;
  await page.getByRole('button', { name: 'Crop' }).click();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: /Draw a box/ })).toHaveCount(0);
  expect((await studio.call('chats.get', { chatId: chat.id })).versions).toHaveLength(2);
});

test('pointing puts the place into the message, in words, and goes with it', async ({ desk }) => {
  const { page, studio, chat, blue } = desk;
  await studio.call('jobs.pause', { paused: true });
  const message = page.getByRole('textbox', { name: 'Message' });
  await message.fill('put a star');
  await page.getByRole('button', { name: 'Point at it' }).click();
  const area = (await picture(desk).boundingBox())!;
  await page.mouse.click(area.x + area.width * 0.9, area.y + area.height * 0.1);
  await expect(message).toHaveValue('put a star at the top right');
  await expect(message).toBeFocused();
  await message.press('ControlOrMeta+Enter');
  await expect(page.getByRole('region', { name: 'Queue' })).toContainText('put a star at the top right');
  const { jobs } = await studio.call('chats.get', { chatId: chat.id });
  expect(jobs).toMatchObject([
    { mode: 'edit', message: 'put a star at the top right', targetIds: [blue.id] },
  ]);
});

test('a box drawn on the picture becomes its place too', async ({ desk }) => {
  const { page } = desk;
  await page.getByRole('button', { name: 'Point at it' }).click();
  const area = (await picture(desk).boundingBox())!;
  await page.mouse.move(area.x + area.width * 0.05, area.y + area.height * 0.7);
  await page.mouse.down();
  await page.mouse.move(area.x + area.width * 0.25, area.y + area.height * 0.95, { steps: 3 });
  await page.mouse.up();
  await expect(page.getByRole('textbox', { name: 'Message' })).toHaveValue('at the bottom left');
});
