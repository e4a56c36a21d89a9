/** A picture the memory isn't enough for: its failure offers what asks for less as one button. */
import { BROWSER, expect, test } from './tusk.ts';

/** Enough for small pictures alone. */
test.use({ environment: { TUSK_MEMORY: '300MB' } });
test.afterEach(({ studio }) => studio.call('settings.set', { language: 'en' }));

test(
  'too large for the memory: one button makes it smaller, with the same words and seed',
  BROWSER,
  async ({ desk }) => {
    const { page, studio, chat } = desk;
    const message = 'a red apple';
    const settings = { preset: 'fast', steps: 1, width: 1_024, height: 1_024 } as const;
    const asked = { chatId: chat.id, mode: 'create' as const, message, targetIds: [], settings, seed: 7 };
    const { jobs } = await studio.call('jobs.submit', asked);
    const card = page.locator('.thread').getByRole('alert');
    await expect(card).toContainText('There wasn’t enough memory.', { timeout: 100_000 });
    await studio.call('settings.set', { language: 'de' });
    await expect(
      card.getByRole('button', { name: /^Mit weniger Speicher versuchen: \d+ × \d+ Pixel/ }),
    ).toBeVisible();
    await studio.call('settings.set', { language: 'en' });
    const smaller = card.getByRole('button', { name: /^Try with less memory: \d+ × \d+ pixels/ });
    await smaller.click();
    await expect(page.getByRole('button', { name: `Show: ${message}` })).toBeVisible({ timeout: 100_000 });
    await expect(card).toHaveCount(0);
    const { versions } = await studio.call('chats.get', { chatId: chat.id });
    const made = versions.find(({ kind }) => kind === 'create')!;
    expect([made.prompt, made.seed]).toEqual([message, 7]);
    expect(made.width).toBeLessThan(1_024);
    expect((await studio.call('chats.get', { chatId: chat.id })).jobs.map(({ id }) => id)).toEqual([
      jobs[0]!.id,
    ]);
  },
);
