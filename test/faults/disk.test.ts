/** The library's disk full, read-only, or wanted by two: said in plain words, nothing lost, nothing ended. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import type { StudioClient } from '../e2e/studio.ts';
import { libraryFolder } from '../helpers/library.ts';
import { rounds } from '../helpers/rounds.ts';
import { endServer, openServer, refusedServer } from '../helpers/server.ts';
import { SmallDisk } from '../helpers/small-disk.ts';
import { QUICK } from '../helpers/studio.ts';

/** Where a SQLite file counts its free pages. */
const FREE_PAGES_OFFSET = 36;
const FULL = /the disk is full or failing|can't be written/;

async function submit(studio: StudioClient, chatId: string, message: string): Promise<string> {
  const request = { chatId, mode: 'create' as const, message, targetIds: [], settings: QUICK, seed: 7 };
  return (await studio.call('jobs.submit', request)).jobs[0]!.id;
}

async function stateOf(studio: StudioClient, chatId: string, jobId: string): Promise<string> {
  const { jobs } = await studio.call('chats.get', { chatId });
  return jobs.find(({ id }) => id === jobId)!.state;
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`never came true: ${what}`);
}

const bringIn = async (studio: StudioClient, side = 64) =>
  studio.call('versions.import', { chatId: null, name: 'kept.png', bytes: await noise(side) });

/** A picture that needs room. */
async function noise(side: number): Promise<Uint8Array> {
  const raw = { width: side, height: side, channels: 3 as const };
  return new Uint8Array(
    await sharp(randomBytes(side * side * 3), { raw })
      .png()
      .toBuffer(),
  );
}

test('a disk that fills up: told, the server goes on, the queue holds, with room everything is made', async (t) => {
  const disk = await SmallDisk.mount();
  if (!disk) return t.skip();
  t.after(() => disk.unmount());
  const server = await openServer(disk.folder);
  const { studio } = server;
  const kept = await bringIn(studio);
  const chat = await studio.call('chats.create', { title: 'before' });
  await studio.call('jobs.pause', { paused: true });
  const waiting = [await submit(studio, chat.id, 'a boat'), await submit(studio, chat.id, 'a house')];
  await disk.fill();

  await studio.call('jobs.pause', { paused: false }).catch((thrown) => assert.match(String(thrown), FULL));
  await assert.rejects(bringIn(studio, 512), (thrown) => {
    assert.match(String(thrown), FULL);
    return !String(thrown).includes(disk.folder);
  });
  const isHeld = async () => (await studio.call('studio.open', {})).queuePaused;
  await until(isHeld, 'the queue holds');
  const thumbnail = await fetch(new URL(`/pictures/${kept.id}/thumbnail?size=320`, server.address), {
    headers: { cookie: server.cookie },
  });
  assert.equal(thumbnail.status, 200, 'what is there can be looked at');
  assert.equal((await studio.call('library.list', {})).total, 1);

  await disk.empty();
  await studio.call('jobs.pause', { paused: false });
  for (const id of waiting) {
    await until(async () => {
      const state = await stateOf(studio, chat.id, id);
      if (state === 'failed') await studio.call('jobs.retry', { jobId: id });
      return state === 'done';
    }, `${id} is made`);
  }
  assert.equal(await endServer(server, 'SIGTERM'), 0);

  const again = await openServer(disk.folder);
  const { total } = await again.studio.call('library.list', {});
  assert.equal(total, 3);
  assert.deepEqual((await again.studio.call('studio.open', {})).problems, []);
  const parts = (await readdir(disk.folder, { recursive: true })).filter((name) => name.endsWith('.part'));
  assert.deepEqual(parts, []);
  await endServer(again, 'SIGTERM');
});

const FILLS = rounds(3, 20);
/** Less than a picture and its entry take: each time another write is the one that fails. */
const LEFT_BYTES = 8_192;

test(`a disk that fills up at another write, ${FILLS} times: what was told is kept is there, what was refused is not`, async (t) => {
  const disk = await SmallDisk.mount();
  if (!disk) return t.skip();
  t.after(() => disk.unmount());
  const server = await openServer(disk.folder);
  const { studio } = server;
  await studio.call('jobs.pause', { paused: true });
  const chat = await studio.call('chats.create', { title: 'before' });
  const kept = { pictures: new Set<string>(), tags: new Map<string, string>(), jobs: new Set<string>() };
  let refused = 0;
  const attempt = async <T>(work: Promise<T>, keep: (result: T) => void) => {
    await work.then(keep, (thrown) => {
      assert.match(String(thrown), FULL);
      refused += 1;
    });
  };
  for (let round = 0; round < FILLS; round++) {
    await disk.fill(round * LEFT_BYTES);
    const tag = `round ${round}`;
    for (const id of kept.pictures)
      await attempt(studio.call('versions.tag', { versionId: id, tags: [tag] }), () =>
        kept.tags.set(id, tag),
      );
    await attempt(bringIn(studio, 96), ({ id }) => kept.pictures.add(id));
    await attempt(submit(studio, chat.id, `message ${round}`), (id) => kept.jobs.add(id));
    await disk.empty();
    await attempt(bringIn(studio), ({ id }) => kept.pictures.add(id));
  }
  assert.ok(refused > 0 && kept.pictures.size >= FILLS, `${refused} refused, ${kept.pictures.size} kept`);
  await endServer(server, 'SIGKILL');
  const again = await openServer(disk.folder);
  const { versions } = await again.studio.call('library.list', { limit: 500 });
  assert.deepEqual(new Set(versions.map(({ id }) => id)), kept.pictures);
  for (const [id, tag] of kept.tags)
    assert.deepEqual(versions.find((version) => version.id === id)?.tags, [tag]);
  const { jobs, problems } = await again.studio.call('studio.open', {});
  assert.deepEqual([new Set(jobs.map(({ id }) => id)), problems], [kept.jobs, []]);
  await endServer(again, 'SIGTERM');
});

test('a full disk at the start: the library opens, can be looked at, and gets room from its bin', async (t) => {
  const disk = await SmallDisk.mount();
  if (!disk) return t.skip();
  t.after(() => disk.unmount());
  const first = await openServer(disk.folder);
  const large = await bringIn(first.studio, 512);
  const kept = await bringIn(first.studio);
  await first.studio.call('versions.delete', { versionIds: [large.id] });
  await endServer(first, 'SIGKILL');
  await disk.fill();
  const second = await openServer(disk.folder);
  assert.equal((await second.studio.call('library.list', {})).total, 1);
  assert.deepEqual(await second.studio.call('library.emptyBin', {}), { deleted: 1 });
  await second.studio.call('versions.star', { versionId: kept.id, starred: true });
  await endServer(second, 'SIGKILL');
  const third = await openServer(disk.folder);
  assert.equal((await third.studio.call('versions.get', { versionId: kept.id })).starred, true);
  await endServer(third, 'SIGTERM');
});

test('a full disk at the start, with a job at work when Tusk was killed: it opens, the queue holds, nothing is lost', async (t) => {
  const disk = await SmallDisk.mount();
  if (!disk) return t.skip();
  t.after(() => disk.unmount());
  const first = await openServer(disk.folder);
  const { id: chatId } = await first.studio.call('chats.create', { title: 'before' });
  const settings = { ...QUICK, steps: 1_000 };
  const request = { chatId, mode: 'create' as const, message: 'a boat', targetIds: [], settings, seed: 7 };
  const { jobs } = await first.studio.call('jobs.submit', request);
  await until(async () => (await stateOf(first.studio, chatId, jobs[0]!.id)) === 'running', 'it runs');
  await endServer(first, 'SIGKILL');
  await disk.fill();
  const second = await openServer(disk.folder);
  const opened = await second.studio.call('studio.open', {});
  assert.deepEqual([opened.queuePaused, opened.jobs.length], [true, 1]);
  await disk.empty();
  await second.studio.call('jobs.cancel', { jobId: jobs[0]!.id });
  await endServer(second, 'SIGTERM');
});

test('a damaged library on a full disk: said in plain words, nothing is changed, with room it is rescued', async (t) => {
  const disk = await SmallDisk.mount();
  if (!disk) return t.skip();
  t.after(() => disk.unmount());
  const server = await openServer(disk.folder);
  await server.studio.call('chats.create', { title: 'kept' });
  await endServer(server, 'SIGTERM');
  const path = join(disk.folder, 'library.db');
  const bytes = await readFile(path);
  bytes.writeUInt32BE(5, FREE_PAGES_OFFSET);
  await writeFile(path, bytes);
  await disk.fill();
  const { code, said } = await refusedServer(disk.folder);
  assert.equal(code, 1);
  assert.match(said, FULL);
  assert.deepEqual(await readFile(path), bytes);
  await disk.empty();
  const again = await openServer(disk.folder);
  const { chats, problems } = await again.studio.call('studio.open', {});
  assert.deepEqual([chats.map(({ title }) => title), problems.length], [['kept'], 1]);
  await endServer(again, 'SIGTERM');
});

test('a library that can not be written is refused with a sentence, and stays as it is', async (t) => {
  const disk = await SmallDisk.mount();
  if (!disk) return t.skip();
  t.after(() => disk.unmount());
  const server = await openServer(disk.folder);
  await bringIn(server.studio);
  await endServer(server, 'SIGTERM');
  disk.readOnly();
  const before = await readdir(disk.folder, { recursive: true });
  const { code, said } = await refusedServer(disk.folder);
  assert.equal(code, 1);
  assert.match(said, /can't be (made or )?written/);
  assert.doesNotMatch(said, /\n\s+at /, 'no stack');
  assert.deepEqual(await readdir(disk.folder, { recursive: true }), before);
});

test('two Tusks on one library: the second says so and ends, the first goes on, then it is free', async () => {
  const folder = await libraryFolder();
  const first = await openServer(folder);
  const { code, said } = await refusedServer(folder);
  assert.equal(code, 1);
  assert.match(said, /in use by another program/);
  const kept = await bringIn(first.studio);
  await endServer(first, 'SIGKILL');
  const second = await openServer(folder);
  assert.equal((await second.studio.call('versions.get', { versionId: kept.id })).prompt, 'kept.png');
  await endServer(second, 'SIGTERM');
});

test('a port that is taken, or is none: said, and Tusk ends with its engine', async () => {
  const first = await openServer(await libraryFolder());
  for (const [port, words] of [
    [new URL(first.address).port, /port \d+: it is in use by another program\.\nChoose another port/],
    ['http', /"http" is no port/],
    ['70000', /"70000" is no port/],
  ] as const) {
    const { code, said } = await refusedServer(await libraryFolder(), '--port', port);
    assert.equal(code, 1);
    assert.match(said, words);
    assert.doesNotMatch(said, /\n\s+at |bug in Tusk/);
  }
  await endServer(first, 'SIGTERM');
});

test('a library of a newer Tusk: the server says so, ends, and not a byte is changed', async () => {
  const folder = await libraryFolder();
  const server = await openServer(folder);
  await bringIn(server.studio);
  await endServer(server, 'SIGTERM');
  const database = await readFile(join(folder, 'library.db'));
  database.writeUInt32BE(99, 60);
  await writeFile(join(folder, 'library.db'), database);
  const before = await readdir(folder, { recursive: true });
  const { code, said } = await refusedServer(folder);
  assert.equal(code, 1);
  assert.match(said, /newer Tusk.*\n.*Update Tusk/s);
  assert.deepEqual(await readFile(join(folder, 'library.db')), database);
  assert.deepEqual(await readdir(folder, { recursive: true }), before);
});
