import { expect, test } from './tusk.ts';

test('a chat is renamed', async ({ desk: { page, studio, chat } }) => {
  await page.getByRole('button', { name: 'Chats' }).click();
  await page.getByRole('button', { name: `Rename: ${chat.title}`, exact: true }).click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type(`Discs of ${chat.title}`);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Discs of ${chat.title}`);
  expect((await studio.call('chats.get', { chatId: chat.id })).chat.title).toBe(`Discs of ${chat.title}`);
});

test('Escape leaves a chat its name; leaving the field keeps the new one', async ({ desk }) => {
  const { page, studio, chat } = desk;
  const title = async () => (await studio.call('chats.get', { chatId: chat.id })).chat.title;
  const list = page.getByRole('complementary', { name: 'Chats' });
  const rename = list.getByRole('button', { name: `Rename: ${chat.title}`, exact: true });
  await page.getByRole('button', { name: 'Chats' }).click();
  await rename.click();
  await page.keyboard.type(', other words');
  await page.keyboard.press('Escape');
  await expect(rename).toBeVisible();
  expect(await title()).toBe(chat.title);
  await rename.click();
  await page.keyboard.type(', at last');
  await page.getByRole('textbox', { name: 'Message' }).focus();
  await expect.poll(title).toBe(`${chat.title}, at last`);
});

test('a chat is deleted and taken back', async ({ desk: { page, studio, chat } }) => {
  await page.getByRole('button', { name: 'Chats' }).click();
  await page.getByRole('button', { name: `Delete: ${chat.title}`, exact: true }).click();
  await expect(page.getByText(`“${chat.title}” was deleted.`)).toBeVisible();
  expect((await studio.call('chats.get', { chatId: chat.id })).chat.deletedAt).not.toBeNull();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect
    .poll(async () => (await studio.call('chats.get', { chatId: chat.id })).chat.deletedAt)
    .toBeNull();
});

test('an export of a chat comes in elsewhere with its pictures', async ({ desk }) => {
  const { page, studio, chat, red, blue } = desk;
  const { bytes } = await studio.call('chats.export', { chatId: chat.id });
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  const before = await studio.call('library.list', { text: red.prompt });
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'desk.tusk', mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
  await expect(page.getByRole('button', { name: `Brought in: ${red.prompt}` })).toBeVisible();
  await expect(page.getByRole('button', { name: `Brought in: ${blue.prompt}` })).toBeVisible();
  const after = await studio.call('library.list', { text: red.prompt });
  expect(after.versions).toHaveLength(before.versions.length + 1);
});

test('a chat opens at its newest message', async ({ desk }) => {
  const { page, studio, chat } = desk;
  await studio.call('jobs.pause', { paused: true });
  const request = { chatId: chat.id, mode: 'create' as const, targetIds: [], settings: {}, seed: 1 };
  for (let count = 1; count <= 12; count++)
    await studio.call('jobs.submit', { ...request, message: `draw cat number ${count}` });
  await page.reload();
  const thread = page.getByRole('list', { name: 'Messages' });
  await expect(thread.getByText('draw cat number 12')).toBeInViewport();
  await expect(thread.getByText('draw cat number 1', { exact: true })).not.toBeInViewport();
});
