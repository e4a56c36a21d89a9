import { expect, say, test } from './tusk.ts';

test('the mode follows what is written, and the chip says so', async ({ desk: { page } }) => {
  const message = page.getByRole('textbox', { name: 'Message' });
  await message.fill('what colour is the disc?');
  await expect(page.getByRole('button', { name: 'Mode: Ask, detected' })).toBeVisible();
  await message.fill('make the disc green');
  await expect(page.getByRole('button', { name: 'Mode: Edit, detected' })).toBeVisible();
  await message.fill('a red apple in snow');
  await expect(page.getByRole('button', { name: 'Mode: Create, detected' })).toBeVisible();
});

test('Alt+M overrides the mode and comes back to detecting', async ({ desk: { page } }) => {
  await page.getByRole('textbox', { name: 'Message' }).fill('a red apple in snow');
  await expect(page.getByRole('button', { name: 'Mode: Create, detected' })).toBeVisible();
  await page.keyboard.press('Alt+m');
  await expect(page.getByRole('button', { name: 'Mode: Edit, chosen by you' })).toBeVisible();
  await page.keyboard.press('Alt+m');
  await expect(page.getByRole('button', { name: 'Mode: Ask, chosen by you' })).toBeVisible();
  await page.keyboard.press('Alt+m');
  await expect(page.getByRole('button', { name: 'Mode: Create, detected' })).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Message' })).toHaveValue('a red apple in snow');
});

test('clicking a version retargets; the thumbnail shows which picture it will be', async ({ desk }) => {
  const { page, red, blue } = desk;
  await expect(page.getByRole('img', { name: `About: ${blue.prompt}` })).toBeVisible();
  await page.getByRole('button', { name: `Brought in: ${red.prompt}` }).click();
  await expect(page.getByRole('img', { name: `About: ${red.prompt}` })).toBeVisible();
  await expect(page.getByRole('img', { name: `About: ${blue.prompt}` })).toHaveCount(0);
  await expect(page.locator('.canvas-picture').getByRole('img', { name: red.prompt })).toBeVisible();
});

test('an edit goes to the picture that was shown, and is stored with it', async ({ desk }) => {
  const { page, studio, chat, red } = desk;
  await studio.call('jobs.pause', { paused: true });
  await page.getByRole('button', { name: `Brought in: ${red.prompt}` }).click();
  await say(page, 'make the disc green');
  await expect(page.getByText('make the disc green').first()).toBeVisible();
  const { jobs, turns } = await studio.call('chats.get', { chatId: chat.id });
  expect(jobs).toMatchObject([{ mode: 'edit', targetIds: [red.id], message: 'make the disc green' }]);
  expect(turns).toMatchObject([{ role: 'person', mode: 'edit', versionIds: [red.id] }]);
});

test('with no picture left there is nothing to edit', async ({ desk }) => {
  const { page, blue } = desk;
  await page.getByRole('button', { name: `Leave out: ${blue.prompt}` }).click();
  await expect(page.getByText('No picture chosen')).toBeVisible();
  await page.getByRole('textbox', { name: 'Message' }).fill('a red apple');
  await expect(page.getByRole('button', { name: 'Mode: Create, detected' })).toBeVisible();
  await page.keyboard.press('Alt+m');
  await expect(page.getByRole('button', { name: 'Mode: Ask, chosen by you' })).toBeVisible();
});

test('a question without a picture: the model says beforehand that it sees none', async ({ desk }) => {
  const { page, studio, blue } = desk;
  const { models } = await studio.call('models.list', {});
  const isBlind = models.find(({ inUse }) => inUse)!.holdsConversation !== 'whole';
  const note = page.getByText(/^No picture is chosen, and this model sees only/);
  await page.getByRole('textbox', { name: 'Message' }).fill('what is in the picture?');
  await expect(page.getByRole('button', { name: 'Mode: Ask, detected' })).toBeVisible();
  await expect(note).toHaveCount(0);
  await page.getByRole('button', { name: `Leave out: ${blue.prompt}` }).click();
  await expect(note).toHaveCount(isBlind ? 1 : 0);
  await page.getByRole('button', { name: `Brought in: ${blue.prompt}` }).click();
  await expect(note).toHaveCount(0);
});

test('earlier messages come back with Alt+Up, what was being written with Alt+Down', async ({ desk }) => {
  const { page, studio } = desk;
  const message = page.getByRole('textbox', { name: 'Message' });
  await studio.call('jobs.pause', { paused: true });
  await say(page, 'draw a tall giraffe');
  await message.fill('unfinished');
  await message.press('Alt+ArrowUp');
  await expect(message).toHaveValue('draw a tall giraffe');
  await message.press('Alt+ArrowDown');
  await expect(message).toHaveValue('unfinished');
});

test('a seed that was kept goes with the message', async ({ desk }) => {
  const { page, studio, chat } = desk;
  await studio.call('jobs.pause', { paused: true });
  await page.getByRole('button', { name: 'A new seed each time. Keep one seed' }).click();
  await page.getByRole('textbox', { name: 'Seed' }).fill('1234');
  await say(page, 'draw a red apple');
  await expect(page.getByRole('region', { name: 'Queue' })).toContainText('draw a red apple');
  const { jobs } = await studio.call('chats.get', { chatId: chat.id });
  expect(jobs).toMatchObject([{ seed: 1234, mode: 'create' }]);
});

test('two variations are two jobs with seeds of their own', async ({ desk }) => {
  const { page, studio, chat } = desk;
  await studio.call('jobs.pause', { paused: true });
  await page.getByRole('group', { name: 'How many pictures' }).getByText('2', { exact: true }).click();
  await say(page, 'draw a red apple');
  await expect(page.getByRole('progressbar')).toHaveCount(2);
  const { jobs } = await studio.call('chats.get', { chatId: chat.id });
  expect(jobs).toHaveLength(2);
  expect(new Set(jobs.map(({ seed }) => seed)).size).toBe(2);
});
