import { expect, test } from './tusk.ts';

test('the model in use says what it needs here', async ({ desk: { page } }) => {
  await page.getByRole('button', { name: 'Models', exact: true }).click();
  const card = page.getByRole('article').filter({ hasText: 'In use' });
  await expect(card).toContainText(/a picture needs [\d.,]+ [kMG]B of memory, [\d.,]+ [MG]B are free/);
  await expect(card).toContainText('On disk');
});

test('a folder without a model is refused in plain words', async ({ desk: { page } }) => {
  await page.getByRole('button', { name: 'Models', exact: true }).click();
  await page.getByRole('textbox', { name: 'Path of the folder' }).fill('/nowhere/at/all');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('article')).toHaveCount(1);
});
