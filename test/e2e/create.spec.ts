import { expect, MANY_STEPS, say, setSteps, stagesTold, test } from './tusk.ts';

test('a prompt becomes a picture: stages are told, the result carries its prompt', async ({ home }) => {
  const told = await stagesTold(home);
  await say(home, 'draw a purple umbrella');
  const picture = home.getByRole('img', { name: /purple umbrella/ }).first();
  await expect(picture).toBeVisible({ timeout: 90_000 });
  await expect(home.getByRole('progressbar')).toHaveCount(0, { timeout: 90_000 });
  await expect(picture).toBeVisible();
  expect(await told()).toEqual(expect.arrayContaining([expect.stringMatching(/^Step \d+ of \d+/)]));
  const width = await picture.evaluate((image: HTMLImageElement) => image.naturalWidth);
  expect(width).toBeGreaterThan(16);
});

test('what was made is there after a reload', async ({ home }) => {
  await say(home, 'draw a yellow banana');
  const picture = home.getByRole('img', { name: /yellow banana/ }).first();
  await expect(picture).toBeVisible({ timeout: 90_000 });
  await expect(home.getByRole('progressbar')).toHaveCount(0, { timeout: 90_000 });
  await home.reload();
  await expect(picture).toBeVisible();
});

test('a reload in the middle of a job loses nothing', async ({ home }) => {
  await setSteps(home, MANY_STEPS);
  await say(home, 'draw a blue bell');
  await expect(home.getByRole('progressbar').first()).toBeVisible();
  await home.reload();
  await expect(home.getByRole('img', { name: /blue bell/ }).first()).toBeVisible({ timeout: 90_000 });
});

test('the composer never locks: a second message waits, and can be cancelled', async ({ home }) => {
  await say(home, 'draw a green frog');
  await say(home, 'draw a pink pig');
  await expect(home.getByText('draw a pink pig').first()).toBeVisible();
  await home.keyboard.press('Escape');
  await expect(home.getByRole('img', { name: /green frog/ }).first()).toBeVisible({ timeout: 90_000 });
});

test('an empty message is not sent', async ({ home }) => {
  await home.getByRole('textbox', { name: 'Message' }).press('ControlOrMeta+Enter');
  await expect(home.getByRole('progressbar')).toHaveCount(0);
});
