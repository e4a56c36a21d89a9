import { BROWSER, engineOf, expect, stagesTold, test } from './tusk.ts';

test.afterEach(({ studio }) => studio.call('settings.set', { theme: 'system', language: 'en' }));

test('a command is found by typing and run by Enter', async ({ desk: { page } }) => {
  await page.keyboard.press('ControlOrMeta+k');
  const palette = page.getByRole('dialog', { name: 'Commands' });
  await expect(palette.getByRole('combobox')).toBeFocused();
  await page.keyboard.type('libr');
  await page.keyboard.press('Enter');
  await expect(palette).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'Library' })).toBeVisible();
});

test('the palette opens while a message is written, and leaves it alone', async ({ desk: { page } }) => {
  const message = page.getByRole('textbox', { name: 'Message' });
  await message.fill('unfinished');
  await page.keyboard.press('ControlOrMeta+k');
  await page.keyboard.type('harpsichord');
  await expect(page.getByText('No command fits.')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(message).toHaveValue('unfinished');
});

test('the palette changes the theme and stars the picture on screen', async ({ desk }) => {
  const { page, studio, blue } = desk;
  await page.keyboard.press('ControlOrMeta+k');
  await page.keyboard.type('Theme: Dark');
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.keyboard.press('ControlOrMeta+k');
  await page.keyboard.type('Star this picture');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: `Brought in, starred: ${blue.prompt}` })).toBeVisible();
  expect((await studio.call('versions.get', { versionId: blue.id })).starred).toBe(true);
});

test('the palette opens another chat', async ({ desk: { page, studio } }) => {
  const other = await studio.call('chats.create', { title: 'Elsewhere entirely' });
  await expect(page.getByRole('toolbar', { name: 'Tools' })).toBeVisible();
  await page.keyboard.press('ControlOrMeta+k');
  await page.keyboard.type('Elsewhere');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(other.title);
});

test('? shows every key, Escape closes the sheet', async ({ desk: { page } }) => {
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard' });
  for (const area of ['Anywhere', 'Message', 'Picture', 'Library', 'Compare'])
    await expect(sheet.getByRole('region', { name: area })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(sheet).toHaveCount(0);
});

test('a window in a language the model was not trained on says so beside the examples', async ({ desk }) => {
  const { page, studio } = desk;
  const note = page.getByText('Das Modell versteht Englisch; schreib ihm in dieser Sprache.');
  await studio.call('settings.set', { language: 'de' });
  await page.getByRole('button', { name: 'Neuer Chat' }).click();
  await expect(note).toBeVisible();
  await page.getByRole('button', { name: 'Einstellungen', exact: true }).click();
  await page.getByRole('button', { name: 'Noch einmal zeigen' }).click();
  const tour = page.getByRole('dialog', { name: 'Erste Schritte' });
  await expect(tour.locator(note)).toBeVisible();
  await expect(tour.getByRole('list')).toHaveAttribute('lang', 'en');
  await studio.call('settings.set', { language: 'en' });
  await expect(page.getByRole('dialog', { name: 'First steps' })).toBeVisible();
  await expect(page.getByText(/the model understands/i)).toHaveCount(0);
});

test(
  'first steps that fail say in the language of the window what happened, and begin again',
  BROWSER,
  async ({ desk, tusk }) => {
    const { page, studio } = desk;
    await studio.call('settings.set', { language: 'de' });
    await page.getByRole('button', { name: 'Einstellungen', exact: true }).click();
    await page.getByRole('button', { name: 'Noch einmal zeigen' }).click();
    const tour = page.getByRole('dialog', { name: 'Erste Schritte' });
    await tour.getByRole('listitem').getByRole('button').first().click();
    await expect(tour.getByRole('progressbar')).toHaveAttribute('aria-valuetext', /\d/, { timeout: 100_000 });
    process.kill(engineOf(tusk.process.pid!), 'SIGKILL');
    const card = tour.getByRole('alert');
    await expect(card).toContainText('Die Engine wurde von außen beendet');
    await expect(tour.getByRole('heading', { name: 'Es entsteht gerade' })).toHaveCount(0);
    await card.getByRole('button', { name: 'Noch einmal', exact: true }).click();
    await expect(tour.getByRole('heading', { name: 'Da ist es' })).toBeVisible({ timeout: 100_000 });
    await studio.call('settings.set', { language: 'en' });
  },
);

test('the first steps make a picture and say what comes next', async ({ desk: { page, studio } }) => {
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  await page.getByRole('button', { name: 'Show again' }).click();
  const tour = page.getByRole('dialog', { name: 'First steps' });
  const example = tour.getByRole('listitem').getByRole('button').first();
  const prompt = (await example.textContent())!;
  const told = await stagesTold(page);
  await example.click();
  await expect(tour.getByRole('heading', { name: 'Here it is' })).toBeVisible({ timeout: 100_000 });
  await expect(tour.getByRole('img', { name: prompt })).toBeVisible();
  expect(await told()).toEqual(expect.arrayContaining([expect.stringMatching(/^Step \d/)]));
  await tour.getByRole('button', { name: 'Start' }).click();
  await expect(tour).toHaveCount(0);
  expect((await studio.call('studio.open', {})).settings.tourSeen).toBe(true);
  expect((await studio.call('library.list', { text: prompt, kind: 'create' })).total).toBeGreaterThan(0);
});
