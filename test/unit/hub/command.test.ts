/** `tusk download` and `tusk import` from the terminal: what they print, and that the folder they make works. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { describeDownload } from '../../../engine/cli/models.ts';
import { INTACT } from '../../helpers/checkpoint-folder.ts';
import { HubServer, REPOSITORY } from '../../helpers/hub-server.ts';
import { tusk } from '../../helpers/tusk.ts';

let hub: HubServer;
let parent: string;
before(async () => {
  const files: Record<string, Buffer> = {};
  for (const name of await readdir(INTACT)) files[name] = await readFile(join(INTACT, name));
  hub = await HubServer.start(files);
  parent = await mkdtemp(join(tmpdir(), 'tusk-hub-'));
});
after(async () => {
  await hub.stop();
  await rm(parent, { recursive: true });
});

test('a download says what came and what it needs, and the model in it answers to info', async () => {
  const folder = join(parent, 'fetched');
  const { code, stdout } = await tusk(
    ['download', REPOSITORY, '--endpoint', hub.address, '--to', folder],
    parent,
  );
  assert.equal(code, 0);
  assert.match(stdout, /language model .* as it is, processor/);
  assert.match(stdout, /a picture needs about .* MB of memory.*: enough/);
  const info = await tusk(['info', folder, '--quick'], parent);
  assert.equal(info.code, 0);
});

test('an import says the same; a second one to the same place is refused', async () => {
  const folder = join(parent, 'imported');
  const first = await tusk(['import', INTACT, '--to', folder], parent);
  assert.deepEqual([first.code, /diffusion transformer/.test(first.stdout)], [0, true]);
  const second = await tusk(['import', INTACT, '--to', folder], parent);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /is there already/);
});

test('a compiled copy says what it became and by how much it is off', async () => {
  const { code, stdout } = await tusk(['compile', INTACT, '--to', join(parent, 'compiled')], parent);
  assert.equal(code, 0);
  assert.match(stdout, /MB became .* MB; int4 weights are off by \d+\.\d %, int8 weights are off by/);
});

test('a repository that is not there, and no repository at all, are said in words', async () => {
  const gone = await tusk(
    ['download', 'no/body', '--endpoint', hub.address, '--to', join(parent, 'x')],
    parent,
  );
  assert.deepEqual([gone.code, /shows no repository/.test(gone.stderr)], [1, true]);
  assert.equal((await tusk(['download'], parent)).code, 2);
});

test('rate and time left', () => {
  const line = describeDownload({ doneBytes: 5e9, totalBytes: 26e9, bytesPerSecond: 30e6 });
  assert.equal(line, 'downloading, 5.0 GB of 26.0 GB, 30.0 MB/s, 12 min left');
});
