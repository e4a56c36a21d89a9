/** Downloads from a local hub that fails in every way networks do: never a wrong file in place, no byte twice. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import {
  type DownloadOptions,
  type DownloadProgress,
  downloadRepository,
} from '../../../engine/hub/download.ts';
import { HubServer, REPOSITORY, someFiles } from '../../helpers/hub-server.ts';

const PART_BYTES = 50_000;
const WEIGHT_BYTES = 430_001;

let hub: HubServer;
let parent: string;
let folder: string;

beforeEach(async () => {
  hub = await HubServer.start(someFiles(WEIGHT_BYTES));
  parent = await mkdtemp(join(tmpdir(), 'tusk-download-'));
  folder = join(parent, 'model');
});
afterEach(async () => {
  await hub.stop();
  await rm(parent, { recursive: true });
});

const download = (options: Partial<DownloadOptions> = {}) =>
  downloadRepository({
    repository: REPOSITORY,
    folder,
    endpoint: hub.address,
    partBytes: PART_BYTES,
    firstWaitMs: 5,
    ...options,
  });

const wantedBytes = () =>
  [...hub.files].reduce((sum, [name, { length }]) => sum + (name.endsWith('.bin') ? 0 : length), 0);

async function assertInPlace(): Promise<void> {
  assert.deepEqual((await readdir(folder)).sort(), ['config.json', 'empty.txt', 'model.safetensors']);
  for (const name of await readdir(folder))
    assert.deepEqual(await readFile(join(folder, name)), hub.files.get(name));
  assert.ok(!existsSync(`${folder}.part`));
}

test('what a checkpoint needs comes whole, each byte once, with progress that ends at all of it', async () => {
  const told: DownloadProgress[] = [];
  const calls: string[] = [];
  const path = await download({ onProgress: (p) => told.push(p), onCall: (address) => calls.push(address) });
  assert.equal(path, folder);
  await assertInPlace();
  assert.equal(hub.sentBytes, wantedBytes());
  assert.deepEqual([told.at(-1)!.doneBytes, told.at(-1)!.totalBytes], [wantedBytes(), wantedBytes()]);
  assert.ok(calls.every((address) => address.startsWith(hub.address)) && calls.length > 9);
});

test('answers cut at random bytes are continued where they ended: no byte comes twice', async () => {
  hub.faults.cuts = Array.from({ length: 30 }, () => 1 + Math.floor(Math.random() * PART_BYTES));
  await download();
  await assertInPlace();
  assert.equal(hub.sentBytes, wantedBytes());
});

test('a server that is busy now and then is asked again', async () => {
  hub.faults.busy = 2;
  await download();
  await assertInPlace();
});

test('a connection that brings nothing again and again ends in words; what came before is kept', async () => {
  hub.faults.cuts = [29, ...new Array<number>(200).fill(0)];
  await assert.rejects(download({ connections: 1 }), { code: 'download-failed', message: /again and again/ });
  assert.ok(!existsSync(folder));
  hub.faults.cuts = [];
  await download();
  await assertInPlace();
  assert.equal(hub.sentBytes, wantedBytes());
});

test('a server that answers 200 for 206 is read once from start to end', async () => {
  hub.faults.ignoresRanges = true;
  await download();
  await assertInPlace();
  assert.equal(hub.sentBytes, wantedBytes());
});

test('paused after some bytes and started again: the rest comes, and nothing twice', async () => {
  const controller = new AbortController();
  let requests = 0;
  hub.faults.onFile = () => {
    requests += 1;
    if (requests === 6) controller.abort();
  };
  await assert.rejects(download({ signal: controller.signal, connections: 1 }), { code: 'cancelled' });
  assert.ok(existsSync(`${folder}.part`) && !existsSync(folder));
  const before = hub.sentBytes;
  assert.ok(before < wantedBytes());
  await download();
  await assertInPlace();
  assert.ok(hub.sentBytes <= wantedBytes() + PART_BYTES, `${hub.sentBytes} of ${wantedBytes()}`);
});

test('a file that is replaced on the server in the middle is no mixture of both', async () => {
  const other = randomBytes(WEIGHT_BYTES);
  let requests = 0;
  hub.faults.onFile = (name) => {
    if (name === 'model.safetensors' && ++requests === 4) hub.faults.replaced.set(name, other);
  };
  await assert.rejects(download({ connections: 1 }), { code: 'download-failed', message: /another content/ });
  assert.ok(!existsSync(folder));
  hub.faults.replaced.clear();
  hub.faults.onFile = () => {};
  await download();
  await assertInPlace();
});

test('another ETag for the same content starts the file anew and comes to a right end', async () => {
  let requests = 0;
  hub.faults.onFile = (name) => {
    if (name === 'model.safetensors' && ++requests === 3) hub.faults.tagSuffix = '-moved';
  };
  await download({ connections: 1 });
  await assertInPlace();
});

test('a wrong content of the right size is never put in place, and only that file is fetched again', async () => {
  hub.faults.replaced.set('config.json', Buffer.alloc(hub.files.get('config.json')!.length, 'x'));
  await assert.rejects(download({ connections: 1 }), {
    code: 'download-failed',
    message: /config\.json.*another content/,
  });
  assert.ok(!existsSync(folder) && !existsSync(join(`${folder}.part`, 'config.json')));
  hub.faults.replaced.clear();
  await download();
  await assertInPlace();
});

test('a login page is told from a hub and from a file', async () => {
  hub.faults.isCaptive = true;
  await assert.rejects(download(), { code: 'download-failed', message: /a web page/ });
  hub.faults.isCaptive = false;
  hub.faults.hasCaptiveFiles = true;
  await assert.rejects(download(), { code: 'download-failed', message: /web page/ });
  assert.ok(!existsSync(folder));
  assert.equal(hub.sentBytes, 0);
});

test('a redirect to an address inside the network is refused before a byte comes', async () => {
  const other = await HubServer.start(someFiles(1_000));
  for (const address of [
    other.address,
    other.address.replace('127.0.0.1', 'localhost'),
    'http://[::1]:9/',
    'http://10.1.2.3/x',
  ]) {
    hub.faults.redirect = `${address}/x`;
    await assert.rejects(download(), { code: 'download-failed', message: /inside your network: refused/ });
  }
  assert.equal(other.sentBytes, 0);
  await other.stop();
});

test('a listing without end is cut off, and is no hub', async () => {
  hub.faults.hasEndlessListing = true;
  await assert.rejects(download(), { code: 'download-failed', message: /more than 16 MiB/ });
});

test('a token is not sent to any endpoint but its own', async () => {
  await download({ token: 'hf_secret' });
  assert.deepEqual([...hub.authorizations], []);
});

test('a disk without room for all of it is told before a byte comes', async () => {
  hub.listed.set('model.safetensors', { size: 2 ** 50 });
  await assert.rejects(download({ partBytes: 2 ** 40 }), { code: 'disk-full' });
  assert.equal(hub.sentBytes, 0);
});

test('a disk that fills up on the way pauses the download; the rest comes when there is room', async (t) => {
  if (!existsSync('/dev/full')) return t.skip('the system has no /dev/full');
  await mkdir(`${folder}.part`);
  await symlink('/dev/full', join(`${folder}.part`, 'model.safetensors'));
  await assert.rejects(download({ connections: 1 }), { code: 'disk-full', message: /model\.safetensors/ });
  assert.ok(!existsSync(folder));
  await rm(join(`${folder}.part`, 'model.safetensors'));
  const before = hub.sentBytes;
  await download();
  await assertInPlace();
  assert.ok(hub.sentBytes - before <= WEIGHT_BYTES, 'files that were whole came again');
});

test('a hub that nobody can reach is said in words, and so is a place that can hold no folder', async () => {
  const other = await HubServer.start({});
  const { address } = other;
  await other.stop();
  const unreachable = { code: 'download-failed', message: /can't be reached/ };
  await assert.rejects(download({ endpoint: address }), unreachable);
  const file = join(parent, 'file');
  await writeFile(file, '');
  await assert.rejects(download({ folder: join(file, 'model') }), { code: 'file-write' });
});

test("a repository can bring no file in the name of the download's own", async () => {
  hub.files.set('.tusk-download.json', Buffer.from('{}'));
  await download();
  assert.deepEqual((await readdir(folder)).sort(), ['config.json', 'empty.txt', 'model.safetensors']);
});

test('a folder that is there already, a name that is none and a hub without the repository are refused', async () => {
  await download();
  await assert.rejects(download(), { code: 'bad-setting', message: /is there already/ });
  await assert.rejects(download({ repository: '../etc' }), { code: 'bad-setting' });
  await assert.rejects(download({ endpoint: 'ftp://x' }), { code: 'bad-setting' });
  await assert.rejects(download({ repository: 'no/body', folder: `${folder}2` }), { code: 'not-found' });
});

/** A process of its own that holds the lock of `folder` until it is killed. */
async function holder(): Promise<ChildProcess> {
  const lock = new URL('../../../engine/hub/lock.ts', import.meta.url).href;
  const code = `import { lockFolder } from '${lock}';
    await lockFolder(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code]);
  await once(child.stdout, 'data');
  return child;
}

test('two downloads into one folder are one too many; a killed one lets go of it', async () => {
  const controller = new AbortController();
  let second: Promise<unknown> | undefined;
  hub.faults.onFile = () => {
    second ??= assert
      .rejects(download(), { code: 'unavailable', message: /at work/ })
      .finally(() => controller.abort());
  };
  await assert.rejects(download({ signal: controller.signal, connections: 1, partBytes: 1_000 }), {
    code: 'cancelled',
  });
  await second;
  hub.faults.onFile = () => {};
  const other = await holder();
  await assert.rejects(download(), { code: 'unavailable' });
  other.kill('SIGKILL');
  await once(other, 'exit');
  await download();
  await assertInPlace();
});
