/** A model from a hub on this computer: progress, pause, resume, the card at the end, and the network list. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HubServer, REPOSITORY } from '../helpers/hub-server.ts';
import { test as base, expect } from './tusk.ts';

const SOURCE = 'test/parity/alpha/checkpoint';

/** With a hub and a folder for models of its own, which this Tusk knows from its start. */
const test = base.extend<object, { hub: HubServer }>({
  hub: [
    async ({ browserName: _ }, use) => {
      const files: Record<string, Buffer> = {};
      for (const name of await readdir(SOURCE)) files[name] = await readFile(join(SOURCE, name));
      const hub = await HubServer.start(files);
      await use(hub);
      await hub.stop();
    },
    { scope: 'worker' },
  ],
  environment: [
    async ({ hub }, use) => {
      const data = await mkdtemp(join(tmpdir(), 'tusk-models-'));
      await use({ HF_ENDPOINT: hub.address, XDG_DATA_HOME: data });
      await rm(data, { recursive: true, force: true });
    },
    { scope: 'worker' },
  ],
});

test('a repository is downloaded, paused and gone on with; each request is in the list', async ({
  desk,
  hub,
}) => {
  const { page } = desk;
  hub.faults.stalls = true;
  await page.getByRole('button', { name: 'Models', exact: true }).click();
  const name = page.getByRole('textbox', { name: 'Name of the repository' });
  await expect(page.getByText(/From a model hub.*[\d.,]+ [GT]B are free/)).toBeVisible();
  await name.fill(REPOSITORY);
  await name.press('Enter');
  const row = page.getByRole('region', { name: REPOSITORY });
  await expect(row.getByRole('progressbar')).toBeVisible();
  await row.getByRole('button', { name: 'Pause' }).click();
  await expect(row.getByRole('button', { name: 'Resume' })).toBeVisible();
  await expect(row).toContainText(/0 byte of [\d.,]+ MB/);
  hub.faults.stalls = false;
  await row.getByRole('button', { name: 'Resume' }).click();
  await expect(row).toHaveCount(0);
  await expect(page.getByRole('article')).toHaveCount(2);
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  const calls = page.getByRole('cell', { name: new RegExp(`^${hub.address}/`) });
  await expect(calls.first()).toBeVisible();
  expect(await calls.count()).toBeGreaterThan(hub.files.size);
});

test('a repository that is not there says so, and can be discarded', async ({ desk: { page } }) => {
  await page.getByRole('button', { name: 'Models', exact: true }).click();
  await page.getByRole('textbox', { name: 'Name of the repository' }).fill('no/body');
  await page.getByRole('button', { name: 'Download', exact: true }).click();
  const row = page.getByRole('region', { name: 'no/body' });
  await expect(row.getByRole('alert')).toBeVisible();
  await row.getByRole('button', { name: 'Discard' }).click();
  await expect(row).toHaveCount(0);
});
