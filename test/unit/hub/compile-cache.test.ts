/** The compiled copies Tusk keeps: found while they fit, made again when they don't, used without their source, removed. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, open, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import { readNotes } from '../../../engine/hub/compile.ts';
import {
  cachedFolder,
  ensureCompiled,
  findCompiled,
  listCompiled,
  removeCompiled,
  renewIfStale,
} from '../../../engine/hub/compile-cache.ts';
import { INTACT } from '../../helpers/checkpoint-folder.ts';
import { tusk } from '../../helpers/tusk.ts';

let parent: string;
let source: string;
before(async () => {
  parent = await mkdtemp(join(tmpdir(), 'tusk-compile-cache-'));
  process.env.XDG_CACHE_HOME = join(parent, 'cache');
});
after(() => rm(parent, { recursive: true }));
beforeEach(async () => {
  await removeCompiled();
  source = await mkdtemp(join(parent, 'source-'));
  await cp(INTACT, source, { recursive: true });
});

/** How often tensors were reported: 0 if nothing was compiled. */
async function ensure(): Promise<number> {
  let told = 0;
  const onProgress = () => {
    told += 1;
  };
  await ensureCompiled({ source, onProgress });
  return told;
}

/** Changes the last bytes of the weights, which no sample of the tensors' starts sees, and when they changed. */
async function changeWeights(): Promise<void> {
  const file = await open(join(source, 'model.safetensors'), 'r+');
  const { size } = await file.stat();
  await file.write(Buffer.from([1, 2, 3, 60]), 0, 4, size - 4);
  await file.close();
}

test('it is made once, found again, and lists itself as ready', async () => {
  assert.ok((await ensure()) > 0);
  assert.equal(await ensure(), 0);
  const [entry] = await listCompiled();
  assert.equal(entry!.state, 'ready');
  assert.equal(entry!.folder, await findCompiled(source));
  assert.ok(entry!.sizeBytes > 0);
});

test('a change deep inside a tensor makes it stale: it is made again', async () => {
  await ensure();
  const before = await readFile(join(await cachedFolder(source), 'model.safetensors'));
  await changeWeights();
  assert.equal(await findCompiled(source), undefined);
  assert.ok((await ensure()) > 0);
  assert.notDeepEqual(await readFile(join(await cachedFolder(source), 'model.safetensors')), before);
});

test('files that were only touched cost one look at them, not a compile', async () => {
  await ensure();
  await utimes(join(source, 'model.safetensors'), new Date(), new Date(1e12));
  assert.equal(await ensure(), 0);
  const [file] = (await readNotes(await cachedFolder(source)))!.source.files;
  assert.equal(file!.modifiedMs, 1e12);
});

for (const key of ['engine', 'processor'] as const)
  test(`one made by another ${key} is stale: opened by itself it is made again from its source`, async () => {
    await ensure();
    const folder = await cachedFolder(source);
    const notes = (await readNotes(folder))!;
    const foreign = { ...notes, source: { ...notes.source, [key]: 'another' } };
    await writeFile(join(folder, 'compiled.json'), JSON.stringify(foreign));
    assert.equal((await listCompiled())[0]!.state, 'stale');
    assert.equal(await renewIfStale(folder, {}), true);
    assert.deepEqual((await readNotes(folder))!.source, notes.source);
    assert.equal(await renewIfStale(folder, {}), false);
  });

test('without its source it is used; one of another engine is refused in words', async () => {
  await ensure();
  const folder = await cachedFolder(source);
  await rename(source, `${source}-away`);
  assert.equal((await listCompiled())[0]!.state, 'alone');
  assert.equal(await renewIfStale(folder, {}), false);
  assert.ok([...(await Checkpoint.open(folder)).tensors].some(({ name }) => name.endsWith('.int4')));
  const notes = (await readNotes(folder))!;
  const foreign = { ...notes, source: { ...notes.source, engine: 'another' } };
  await writeFile(join(folder, 'compiled.json'), JSON.stringify(foreign));
  await assert.rejects(renewIfStale(folder, {}), {
    code: 'checkpoint-unsupported',
    message: /another version/,
  });
});

/** Stops behind tensor 100, with marks at every kilobyte. */
async function begin(): Promise<string> {
  const controller = new AbortController();
  let told = 0;
  const onProgress = () => void (++told === 100 && controller.abort());
  const { signal } = controller;
  await assert.rejects(ensureCompiled({ source, signal, onProgress, safeBytes: 1024 }), {
    code: 'cancelled',
  });
  return `${await cachedFolder(source)}.part`;
}

test('one that was stopped goes on, and its report is of all tensors, as if it had not been', async () => {
  await ensure();
  const folder = await cachedFolder(source);
  const whole = (await readNotes(folder))!;
  const weights = await readFile(join(folder, 'model.safetensors'));
  await removeCompiled(source);
  const part = await begin();
  assert.equal((await listCompiled())[0]!.state, 'begun');
  const half = await readFile(join(part, 'model.safetensors'));
  const first = 8 + Number(half.readBigUInt64LE());
  half[first] = half[first]! ^ 1; // in the first tensor: what was safe is not written again
  await writeFile(join(part, 'model.safetensors'), half);
  await ensureCompiled({ source, safeBytes: 1024 });
  const resumed = await readFile(join(folder, 'model.safetensors'));
  assert.equal(resumed[first], half[first]);
  resumed[first] = resumed[first]! ^ 1;
  assert.deepEqual(resumed, weights);
  assert.deepEqual(await readNotes(folder), whole);
  assert.ok(Object.keys(whole.tensors).length > 40);
  assert.ok(Object.values(whole.tensors).every((error) => error > 0 && error < 0.2));
});

test('a report that a power cut tore is not trusted: what it lacks is written anew', async () => {
  await ensure();
  const folder = await cachedFolder(source);
  const whole = (await readNotes(folder))!;
  await removeCompiled(source);
  const report = join(await begin(), 'compile-report.jsonl');
  const lines = (await readFile(report, 'utf8')).split('\n');
  await writeFile(report, `${lines.slice(0, 40).join('\n')}\n{"name":"torn`);
  await ensureCompiled({ source, safeBytes: 1024 });
  assert.deepEqual(await readNotes(folder), whole);
});

test('the command lists and removes them', async () => {
  await ensure();
  const listed = await tusk(['compile', '--list'], parent);
  assert.match(listed.stdout, /: ready\n$/);
  const removed = await tusk(['compile', '--remove', source], parent);
  assert.deepEqual([removed.code, /is gone/.test(removed.stdout)], [0, true]);
  assert.deepEqual(await readdir(join(parent, 'cache', 'tusk', 'compiled')), []);
});
