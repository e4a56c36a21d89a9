import { type Desk, expect, test } from './tusk.ts';

/** Shift-click on the other node of the version tree. The picture on the canvas comes first. */
const compare = async ({ page, red }: Desk) => {
  await page.getByRole('button', { name: `Brought in: ${red.prompt}` }).click({ modifiers: ['Shift'] });
  const dialog = page.getByRole('dialog', { name: 'Compare' });
  await expect(dialog).toBeVisible();
  return dialog;
};

test('the slider moves with arrow keys and says where it is', async ({ desk }) => {
  const dialog = await compare(desk);
  const line = dialog.getByRole('slider', { name: 'Line between the two pictures' });
  await expect(line).toHaveAttribute('aria-valuetext', '50 % shows the first');
  await line.focus();
  await desk.page.keyboard.press('Home');
  await expect(line).toHaveAttribute('aria-valuetext', '0 % shows the first');
  await desk.page.keyboard.press('End');
  await expect(line).toHaveAttribute('aria-valuetext', '100 % shows the first');
});

test('a drag moves the line', async ({ desk }) => {
  const dialog = await compare(desk);
  const line = dialog.getByRole('slider', { name: 'Line between the two pictures' });
  const area = (await line.boundingBox())!;
  await desk.page.mouse.move(area.x + area.width / 2, area.y + area.height / 2);
  await desk.page.mouse.down();
  await desk.page.mouse.move(area.x + area.width / 4, area.y + area.height / 2, { steps: 5 });
  await desk.page.mouse.up();
  await expect.poll(async () => Number(await line.inputValue())).toBeLessThan(40);
});

test('M goes through the kinds, C swaps, Escape closes', async ({ desk }) => {
  const { page, red, blue } = desk;
  const dialog = await compare(desk);
  const kind = (name: string) => dialog.getByRole('radio', { name, exact: true });
  for (const name of ['Side by side', 'Hold to peek', 'Blink', 'Difference', 'Slider']) {
    await page.keyboard.press('m');
    await expect(kind(name)).toBeChecked();
  }
  await page.keyboard.press('m');
  const pictures = dialog.locator('figure').getByRole('img');
  await expect(pictures).toHaveCount(2);
  const names = () => pictures.evaluateAll((images) => images.map((image) => image.getAttribute('alt')));
  expect(await names()).toEqual([blue.prompt, red.prompt]);
  await page.keyboard.press('c');
  await expect.poll(names).toEqual([red.prompt, blue.prompt]);
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
});

test('the difference tells how much of the picture differs', async ({ desk }) => {
  const dialog = await compare(desk);
  await dialog.getByText('Difference', { exact: true }).click();
  // The disc of a quarter of the width: pi/16 of the picture.
  await expect(dialog.getByRole('status')).toHaveText(/^(19|20)\s?% of the picture differs\.$/);
  await expect(dialog.getByRole('img', { name: /Map of the differences/ })).toBeVisible();
});

test('side by side zooms both alike', async ({ desk }) => {
  const dialog = await compare(desk);
  await dialog.getByText('Side by side', { exact: true }).click();
  await dialog.getByRole('button', { name: 'Zoom in' }).click();
  const places = await dialog
    .locator('figure')
    .getByRole('img')
    .evaluateAll((images) => images.map((image) => (image as HTMLElement).style.transform));
  expect(new Set(places).size).toBe(1);
  expect(places[0]).toContain('scale(1.25)');
  await dialog.getByRole('button', { name: 'Fit' }).click();
  await expect(dialog.getByText('100%')).toBeVisible();
});

test('hold to peek shows the second only as long as the key is down', async ({ desk }) => {
  const { page, red } = desk;
  const dialog = await compare(desk);
  await dialog.getByText('Hold to peek', { exact: true }).click();
  const hold = dialog.getByRole('button', { name: 'Hold to see the second' });
  const second = hold.getByAltText(red.prompt);
  await hold.focus();
  await expect(second).toHaveCSS('opacity', '0');
  await page.keyboard.down('Space');
  await expect(second).toHaveCSS('opacity', '1');
  await page.keyboard.up('Space');
  await expect(second).toHaveCSS('opacity', '0');
});

test('what differs in the recipes stands beside the pictures', async ({ desk }) => {
  const { red, blue } = desk;
  const dialog = await compare(desk);
  const prompts = dialog.getByRole('row', { name: /^Prompt/ });
  await expect(prompts.getByRole('cell')).toHaveText([blue.prompt, red.prompt]);
});

test('Shift+Enter on a node compares, arrows move between nodes', async ({ desk }) => {
  const { page, red, blue } = desk;
  await page.getByRole('button', { name: `Brought in: ${blue.prompt}` }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('button', { name: `Brought in: ${red.prompt}` })).toBeFocused();
  await page.keyboard.press('Shift+Enter');
  await expect(page.getByRole('dialog', { name: 'Compare' })).toBeVisible();
});

test('C compares a version with what it was made from', async ({ desk }) => {
  const { page, blue } = desk;
  await page.getByRole('button', { name: 'Mirror' }).click();
  await expect(page.getByRole('button', { name: /^Mirrored: / })).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('c');
  const dialog = page.getByRole('dialog', { name: 'Compare' });
  await expect(dialog.getByRole('row', { name: /^Made by/ }).getByRole('cell')).toHaveText([
    'Brought in',
    'Mirrored',
  ]);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: `Brought in: ${blue.prompt}` }).click();
  await expect(page.getByRole('button', { name: 'Compare', exact: true })).toHaveCount(0);
});
