/** Help while a message is written: earlier messages, words, memory, how many pictures. */
import { type Desk, expect, say, test } from './tusk.ts';

const message = ({ page }: Desk) => page.getByRole('textbox', { name: 'Message' });

test.beforeEach(({ studio }) => studio.call('jobs.pause', { paused: true }));
test.afterEach(({ studio }) => studio.call('settings.set', { variations: 1 }));

test('Up in an empty message brings earlier ones back, Down leads forward again', async ({ desk }) => {
  const { page } = desk;
  await say(page, 'draw a tall giraffe');
  await say(page, 'draw a small whale');
  await expect(page.getByRole('region', { name: 'Queue' })).toContainText('draw a small whale');
  await message(desk).press('ArrowUp');
  await expect(message(desk)).toHaveValue('draw a small whale');
  await message(desk).press('ArrowUp');
  await expect(message(desk)).toHaveValue('draw a tall giraffe');
  await message(desk).press('ArrowDown');
  await message(desk).press('ArrowDown');
  await expect(message(desk)).toHaveValue('');
  await message(desk).fill('my own');
  await message(desk).press('ArrowUp');
  await expect(message(desk)).toHaveValue('my own');
});

test('a slip is noted while it is written, and one click puts it right', async ({ desk }) => {
  const { page } = desk;
  await message(desk).fill('draw a red aple and a bannana');
  await expect(page.getByText('I don’t know the word “aple”. Was this meant:')).toBeVisible();
  await page.getByRole('button', { name: 'apple', exact: true }).click();
  await expect(message(desk)).toHaveValue('draw a red apple and a bannana');
  await page.getByRole('button', { name: 'banana', exact: true }).click();
  await expect(message(desk)).toHaveValue('draw a red apple and a banana');
  await expect(page.getByText(/I don’t know the word/)).toHaveCount(0);
});

test('a word never taught is said, with a way to the words that are', async ({ desk }) => {
  const { page } = desk;
  await message(desk).fill('a red apple');
  await expect(page.getByRole('button', { name: 'Mode: Create, detected' })).toBeVisible();
  await expect(page.getByText(/I don’t know the word/)).toHaveCount(0);
  await message(desk).fill('draw a harpsichord');
  await message(desk).fill('draw a harpsichord, a zither and a lute');
  await expect(page.getByText('I don’t know the words “harpsichord”, “zither”, and “lute”.')).toBeVisible();
  await message(desk).fill('draw a harpsichord');
  await expect(page.getByText('I don’t know the word “harpsichord”.')).toBeVisible();
  await page.getByRole('button', { name: 'See the words I know' }).click();
  await expect(page.getByRole('heading', { name: 'Models', level: 1 })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Words it knows' })).toContainText('watermelon');
});

test('the number of pictures is the one of the settings until the message says another', async ({ desk }) => {
  const { page, studio, chat } = desk;
  await studio.call('settings.set', { variations: 4 });
  const four = page.getByRole('group', { name: 'How many pictures' }).getByRole('radio', { name: '4' });
  await expect(four).toBeChecked();
  await say(page, 'draw a red apple');
  await expect(page.getByRole('progressbar')).toHaveCount(4);
  const { jobs } = await studio.call('chats.get', { chatId: chat.id });
  expect(new Set(jobs.map(({ seed }) => seed)).size).toBe(4);
});

test('a picture that doesn’t fit the memory is not begun; the smaller choice is one click', async ({
  desk,
}) => {
  const { page, studio, chat } = desk;
  await page.getByRole('button', { name: 'More settings' }).click();
  for (const side of ['Width, px', 'Height, px']) {
    await page.getByRole('spinbutton', { name: side }).fill('8192');
    await page.getByRole('spinbutton', { name: side }).press('Tab');
  }
  await say(page, 'draw a red apple');
  const offer = page.getByRole('alert').filter({ hasText: 'of memory' });
  await expect(offer).toContainText(/needs [\d.]+ GB of memory, [\d.]+ [GM]B are free/);
  await expect(message(desk)).toHaveValue('draw a red apple');
  expect((await studio.call('chats.get', { chatId: chat.id })).jobs).toEqual([]);
  await offer.getByRole('button', { name: /^Make it \d+ × \d+$/ }).click();
  await expect(offer).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Queue' })).toContainText('draw a red apple');
  const { jobs } = await studio.call('chats.get', { chatId: chat.id });
  expect(jobs).toHaveLength(1);
  expect(jobs[0]!.settings.width).toBeLessThan(8192);
  expect(jobs[0]!.settings.width).toBe(jobs[0]!.settings.height);
});

test('with a picture chosen the empty message says what can be done with it', async ({ desk }) => {
  const { page, blue } = desk;
  await expect(message(desk)).toHaveAttribute('placeholder', /Say what to change/);
  await page.getByRole('button', { name: `Leave out: ${blue.prompt}` }).click();
  await expect(message(desk)).toHaveAttribute('placeholder', 'Describe, ask or change');
});

test('what is written outlives a reload; a picture a new one doesn’t take is shown as not used', async ({
  desk,
}) => {
  const { page, blue } = desk;
  await message(desk).fill('draw a cat, half thought');
  await expect(page.getByRole('button', { name: 'Mode: Create, detected' })).toBeVisible();
  const target = (name: string) => page.getByRole('img', { name: `${name}: ${blue.prompt}` });
  await expect(target('Not used by this message')).toBeVisible();
  await page.reload();
  await expect(message(desk)).toHaveValue('draw a cat, half thought');
  await message(desk).fill('make the disc green');
  await expect(target('About')).toBeVisible();
  await message(desk).press('ControlOrMeta+Enter');
  await expect(message(desk)).toHaveValue('');
  await page.reload();
  await expect(page.getByRole('region', { name: 'Queue' })).toContainText('make the disc green');
  await expect(message(desk)).toHaveValue('');
});

test('who reads at the end of a chat stays there while the queue grows over it', async ({ desk }) => {
  const { page } = desk;
  for (const thing of ['cat', 'dog', 'owl', 'bear', 'fox', 'panda']) await say(page, `draw a ${thing}`);
  const last = page.getByRole('list', { name: 'Messages' }).getByRole('button', { name: 'Stop' }).last();
  await expect(last).toBeInViewport();
  await page.getByRole('button', { name: 'More settings' }).click();
  await expect(page.getByRole('spinbutton', { name: 'Steps' })).toBeVisible();
  await expect(last).toBeInViewport({ ratio: 1 });
});

test('four more of a picture wait with seeds of their own, as siblings in the same answer', async ({
  desk,
}) => {
  const { page, studio, chat } = desk;
  await studio.call('jobs.pause', { paused: false });
  await say(page, 'draw a red apple');
  await page.getByRole('button', { name: 'Show: draw a red apple' }).waitFor({ timeout: 100_000 });
  await studio.call('jobs.pause', { paused: true });
  await page.getByRole('button', { name: '4 more' }).click();
  await expect(page.getByRole('progressbar')).toHaveCount(4);
  const { jobs, turns } = await studio.call('chats.get', { chatId: chat.id });
  expect(turns.filter(({ role }) => role === 'person')).toHaveLength(1);
  expect(new Set(jobs.map(({ turnId }) => turnId)).size).toBe(1);
  expect(new Set(jobs.map(({ seed }) => seed)).size).toBe(5);
});
