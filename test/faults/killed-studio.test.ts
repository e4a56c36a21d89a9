/** The studio killed at any moment, or ended with a job at work: what a person was told is kept is there. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { Library } from '../../engine/library/library.ts';
import { bundle, ROOT } from '../../scripts/bundle.mjs';
import type { Told } from '../helpers/keep-writing.ts';
import { libraryFolder } from '../helpers/library.ts';
import { rounds } from '../helpers/rounds.ts';
import { endServer, openServer } from '../helpers/server.ts';
import { isPreview, openStudio, QUICK, send } from '../helpers/studio.ts';

const KILLS = rounds(4, 500);
const LONGEST_LIFE_MS = 400;

type Kept = Map<string, Record<string, unknown>>;

/** The program that writes, as one file: started from its sources, it would spend its life on compiling them. */
async function buildWriter(): Promise<string> {
  const outdir = join(ROOT, 'dist', 'test');
  const entryPoints = [join(ROOT, 'test', 'helpers', 'keep-writing.ts')];
  await bundle({ entryPoints, outdir, packages: 'external', format: 'esm', target: 'node20' });
  return join(outdir, 'keep-writing.js');
}

interface Life {
  /** What it was told is kept. */
  kept: Kept;
  /** The thing it was at when it was killed. */
  open: string | undefined;
}

/** Lets a studio write for a random while after its first word. */
async function writeUntilKilled(writer: string, folder: string): Promise<Life> {
  const child: ChildProcess = fork(writer, [folder, resolve('test/helpers/silent-engine.mjs')], {
    execArgv: [],
  });
  const life: Life = { kept: new Map(), open: undefined };
  child.on('message', (told: Told) => {
    life.open = 'begun' in told ? told.begun : undefined;
    if ('kept' in told) life.kept.set(told.kept, told.as);
  });
  await once(child, 'message');
  await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_LIFE_MS));
  child.kill('SIGKILL');
  await once(child, 'close');
  return life;
}

/** As it is in the library now, with what `kept` knows of it. */
function stored(library: Library, id: string): Record<string, unknown> | undefined {
  const job = library.jobs.get(id)?.job;
  if (job) return { message: job.message };
  const version = library.versions.get(id);
  return version && { starred: version.starred, tags: version.tags, deletedAt: version.deletedAt };
}

function assertKept(library: Library, kept: Kept, kill: number): void {
  for (const [id, as] of kept) assert.deepEqual(stored(library, id), as, `kill ${kill}, ${id}`);
}

async function assertWhole(library: Library, path: string): Promise<void> {
  await sharp(await readFile(path), { failOn: 'warning' })
    .raw()
    .toBuffer();
  assert.ok(library.versions.get(basename(path, '.png')), 'no file without its entry');
}

test(`killed in mid-save ${KILLS} times: nothing acknowledged is lost, every picture file is whole`, async () => {
  const writer = await buildWriter();
  const folder = await libraryFolder();
  const kept: Kept = new Map();
  const files = new Set<string>();
  for (let kill = 0; kill < KILLS; kill++) {
    const life = await writeUntilKilled(writer, folder);
    const library = await Library.open(folder);
    assert.deepEqual(library.problems, []);
    // What it was at may have been done, only nobody was told.
    if (life.open) life.kept.set(life.open, stored(library, life.open)!);
    assertKept(library, life.kept, kill);
    for (const [id, as] of life.kept) kept.set(id, as);
    const names = await readdir(join(folder, 'pictures'));
    for (const name of names.filter((known) => !files.has(known))) {
      assert.match(name, /^[0-9a-f]{30}\.png$/, 'no part of a file');
      await assertWhole(library, join(folder, 'pictures', name));
      files.add(name);
    }
    if (kill === KILLS - 1) assertKept(library, kept, kill);
    library.close();
  }
  assert.ok(
    kept.size > KILLS,
    `only ${kept.size} things were kept: the kills came too early to prove anything`,
  );
});

test('ended with a job at work, three times: no loss of the engine is counted, then it is made', async () => {
  const folder = await libraryFolder();
  let jobId = '';
  for (let end = 0; end < 3; end++) {
    const { studio, next } = await openStudio(folder);
    if (!jobId) jobId = (await send(studio, 'a boat', { settings: { ...QUICK, steps: 100 } })).jobs[0]!.id;
    await next(isPreview);
    await studio.close();
    const library = await Library.open(folder);
    const { job, engineLosses } = library.jobs.get(jobId)!;
    assert.deepEqual([job.state, engineLosses], ['queued', 0]);
    library.close();
  }
  const { studio, jobIn } = await openStudio(folder);
  assert.equal((await jobIn(jobId, 'done', 'failed', 'parked')).state, 'done');
  await studio.close();
});

test('SIGTERM with a job at work: the server ends well and leaves no engine behind', async () => {
  const server = await openServer(await libraryFolder());
  const { studio } = server;
  const chat = await studio.call('chats.create', {});
  const settings = { ...QUICK, steps: 1_000 };
  const request = { mode: 'create' as const, message: 'a boat', targetIds: [], settings, seed: 7 };
  await studio.call('jobs.submit', { ...request, chatId: chat.id });
  const engines = await readFile(`/proc/${server.child.pid}/task/${server.child.pid}/children`, 'utf8');
  const [engine] = engines.trim().split(' ');
  assert.equal(await endServer(server, 'SIGTERM'), 0);
  await assert.rejects(readFile(`/proc/${engine}/cmdline`), { code: 'ENOENT' });
});
