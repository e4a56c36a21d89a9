import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './tusk.ts';

for (const colorScheme of ['light', 'dark'] as const) {
  test(`no axe violation on the studio, ${colorScheme}`, async ({ home }) => {
    await home.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page: home }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });
}

test('the page fits a window 400 pixels wide', async ({ home }) => {
  await home.setViewportSize({ width: 400, height: 800 });
  const overflow = await home.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  await expect(home.getByRole('textbox', { name: 'Message' })).toBeVisible();
});
