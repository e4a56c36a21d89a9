import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyOf } from '../../engine/devices/devices.ts';
import { graphicsProcessors } from '../../engine/devices/graphics.ts';
import { DeviceRecords } from '../../engine/devices/records.ts';
import { TESTS } from '../../engine/devices/self-test.ts';
import { test as base, expect } from './tusk.ts';

/** On a computer whose WebGPU passed its self-test, but for the visual tokenizer. */
const test = base.extend<object, { environment: NodeJS.ProcessEnv }>({
  environment: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what a fixture needs from its pattern.
    async ({}, use) => {
      const folder = await mkdtemp(join(tmpdir(), 'tusk-device-'));
      const outcomes = Object.fromEntries(TESTS.map((name) => [name, { ok: true, difference: 1e-6 }]));
      const visualTokenizer = { ok: false, reason: 'processor', detail: 'Cast' } as const;
      const attempt = { outcomes: { ...outcomes, visualTokenizer }, operators: [] };
      const key = keyOf('webgpu', await graphicsProcessors());
      const record = { key, isDone: true, attempts: { plain: attempt } };
      await new DeviceRecords(join(folder, 'tusk', 'devices.json')).put('webgpu', record);
      await use({ XDG_DATA_HOME: folder });
      await rm(folder, { recursive: true, force: true });
    },
    { scope: 'worker' },
  ],
});

test.skip(process.platform !== 'linux', 'results of self-tests lie elsewhere');
test.afterEach(({ studio }) => studio.call('settings.set', { language: 'en' }));

test('a model says what computes it, and which parts stay on the processor and why', async ({ desk }) => {
  const { page, studio } = desk;
  await page.getByRole('button', { name: 'Models', exact: true }).click();
  const card = page.getByRole('article');
  const [graphics] = await graphicsProcessors();
  const name = graphics?.name ?? 'WebGPU';
  await expect(card).toContainText(`Computed by${name}`);
  await page.getByText('What is inside').press('Enter');
  await expect(card).toContainText(
    'On the processorVisual tokenizer (left work to the processor in its test)',
  );
  await studio.call('settings.set', { language: 'de' });
  await expect(card).toContainText(`Gerechnet von${name}`);
  await expect(card).toContainText('Auf dem ProzessorVisueller Tokenizer');
});
