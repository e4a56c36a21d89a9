import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/** Both themes of a screen, without a change of page between them. */
export async function violations(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).analyze();
    found.push(...violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes[0]?.html}`));
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return found;
}
