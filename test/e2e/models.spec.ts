import { resolve } from 'node:path';
import { expect, test } from './tusk.ts';

test('the model in use says what it needs here', async ({ desk: { page } }) => {
  await page.getByRole('button', { name: 'Models', exact: true }).click();
  const card = page.getByRole('article').filter({ hasText: 'In use' });
  await expect(card).toContainText(/a picture needs [\d.,]+ [kMG]B of memory, [\d.,]+ [MG]B are free/);
  await expect(card).toContainText('On disk');
  await expect(card).toContainText('Computed byProcessor');
});

test('a folder without a model is refused in plain words', async ({ desk: { page } }) => {
  await page.getByRole('button', { name: 'Models', exact: true }).click();
  await page.getByRole('textbox', { name: 'Path of the folder' }).fill('/nowhere/at/all');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('article')).toHaveCount(1);
});

test('what is inside a model can be unfolded: networks, defaults, the words it knows', async ({ desk }) => {
  const { page, studio } = desk;
  await page.getByRole('button', { name: 'Models', exact: true }).click();
  await page.getByText('What is inside').press('Enter');
  const { models } = await studio.call('models.list', {});
  const { networks } = await studio.call('models.info', { modelId: models[0]!.id });
  await expect(page.getByRole('rowheader')).toHaveCount(networks.length);
  await expect(page.getByRole('row', { name: /^Language model/ })).toContainText(/[\d.]+M/);
  const { vocabulary } = await studio.call('studio.open', {});
  await expect(page.getByRole('region', { name: 'Words it knows' })).toContainText(vocabulary.join(', '));
});

test('a folder brought in can be used, and taken off the list again', async ({ desk }) => {
  const { page, studio } = desk;
  await page.getByRole('button', { name: 'Models', exact: true }).click();
  const field = page.getByRole('textbox', { name: 'Path of the folder' });
  await field.fill(resolve('test/parity/alpha/checkpoint'));
  await field.press('Enter');
  const brought = page.getByRole('article').filter({ hasNotText: 'Comes with Tusk' });
  await expect(brought).toBeVisible();
  await expect(brought).toContainText('On disk');
  await brought.getByRole('button', { name: /^Use / }).click();
  await expect(brought).toContainText('In use');
  expect((await studio.call('models.list', {})).models.map(({ inUse }) => inUse)).toEqual([false, true]);
  await brought.getByRole('button', { name: /^Remove / }).click();
  await expect(page.getByRole('article')).toHaveCount(1);
  await expect(page.getByRole('article')).toContainText('In use');
});
