import { BROWSER, expect, test } from './tusk.ts';

const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'image/png', buffer });

test('a damaged picture is refused with an alert; the library stays as it was', async ({ desk }) => {
  const { page, studio, chat } = desk;
  const damaged = file('damaged.png', Buffer.from('\x89PNG\r\n\x1a\nnothing of a picture', 'latin1'));
  await page.locator('input[type=file]').setInputFiles(damaged);
  await expect(page.getByRole('alert')).toContainText(/\S+/);
  expect((await studio.call('chats.get', { chatId: chat.id })).versions).toHaveLength(2);
});

test('an alert can be dismissed', async ({ desk: { page } }) => {
  await page.locator('input[type=file]').setInputFiles(file('empty.png', Buffer.alloc(0)));
  await page.getByRole('alert').getByRole('button', { name: 'Dismiss' }).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a good picture beside a damaged one comes in', BROWSER, async ({ desk }) => {
  const { page, studio, blue } = desk;
  const good = await page.request.get(new URL(`/pictures/${blue.id}`, page.url()).href);
  const files = [file('bad.png', Buffer.from('no')), file('good one.png', await good.body())];
  await page.locator('input[type=file]').setInputFiles(files);
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('img', { name: /^About: good one/ })).toBeVisible();
  expect((await studio.call('library.list', { text: 'good one' })).versions).toHaveLength(1);
});
