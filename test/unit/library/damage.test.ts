import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeGeneratedPng } from '../../../engine/image/encode.ts';
import { Database } from '../../../engine/library/database.ts';
import { Library } from '../../../engine/library/library.ts';
import type { Turn } from '../../../engine/studio-protocol.ts';
import { addPicture, libraryFolder, newVersion, plainPng } from '../../helpers/library.ts';

const PICTURES = 40;

/** A closed library of 40 pictures whose names fill several pages, in a folder of its own. */
async function filledLibrary(): Promise<string> {
  const folder = await libraryFolder();
  await cp(await original, folder, { recursive: true });
  return folder;
}

const original = makeLibrary();

async function makeLibrary(): Promise<string> {
  const folder = await libraryFolder();
  const library = await Library.open(folder);
  const png = await plainPng('red');
  library.transaction(() => {
    for (let index = 0; index < PICTURES; index++) {
      const version = newVersion({ prompt: `${index} ${'word '.repeat(200)}` });
      writeFileSync(join(folder, 'pictures', `${version.id}.png`), png);
      library.versions.add(version);
    }
  });
  library.close();
  return folder;
}

const query = { text: '', deleted: false, cursor: null, limit: 100 };
const total = (library: Library): number => library.versions.list(query).total;

async function overwrite(path: string, from: number, length: number): Promise<void> {
  const bytes = await readFile(path);
  bytes.fill(0xa5, from, from + length);
  await writeFile(path, bytes);
}

type Damage = (path: string, size: number) => Promise<void>;
const DAMAGES: Record<string, Damage> = {
  'cut to half': (path, size) => truncate(path, Math.floor(size / 2)),
  'cut to one page': (path) => truncate(path, 4096),
  'cut inside the header': (path) => truncate(path, 50),
  'header overwritten': (path) => overwrite(path, 0, 100),
  'first page overwritten': (path) => overwrite(path, 100, 3_996),
  'middle pages overwritten': (path, size) => overwrite(path, Math.floor(size / 2), 8_192),
  'all overwritten': (path, size) => overwrite(path, 0, size),
  'replaced by text': (path) => writeFile(path, '<html>not a database</html>'),
};

for (const [name, damage] of Object.entries(DAMAGES))
  test(`${name}: reported, kept aside, every picture still listed`, async () => {
    const folder = await filledLibrary();
    const path = join(folder, 'library.db');
    await damage(path, (await stat(path)).size);
    const broken = await readFile(path);
    const library = await Library.open(folder);
    assert.equal(library.problems[0]?.code, 'library-damaged');
    assert.equal(total(library), PICTURES);
    const [aside] = await readdir(join(folder, 'broken'));
    assert.deepEqual(await readFile(join(folder, 'broken', aside!, 'library.db')), broken);
    library.versions.add(newVersion());
    library.close();
    const again = await Library.open(folder);
    assert.deepEqual(again.problems, []);
    assert.equal(total(again), PICTURES + 1);
    again.close();
  });

const CHAT = 'chat00000001';

/** A chat with a question about a picture, its answer, and a job that waits. */
function addQuestion(library: Library, versionId: string): void {
  const times = { createdAt: 1, updatedAt: 2, deletedAt: null };
  library.chats.put({ id: CHAT, title: 'Suns', ...times, coverVersionId: null });
  const turn = { chatId: CHAT, mode: 'ask' as const, versionIds: [versionId], jobId: null, createdAt: 3 };
  const asked: Turn = {
    ...turn,
    id: 'turn00000001',
    role: 'person',
    text: 'where is the sun?',
    replyToId: null,
  };
  library.chats.putTurn(asked);
  library.chats.putTurn({
    ...asked,
    id: 'turn00000002',
    role: 'tusk',
    text: 'at the top',
    replyToId: asked.id,
  });
}

/** Where a SQLite file counts its free pages. */
const FREE_PAGES_OFFSET = 36;

test('what was said in chats is kept, and still finds its picture', async () => {
  const folder = await filledLibrary();
  const library = await Library.open(folder);
  addQuestion(library, library.versions.list(query).versions[0]!.id);
  library.close();
  const path = join(folder, 'library.db');
  const bytes = await readFile(path);
  bytes.writeUInt32BE(5, FREE_PAGES_OFFSET);
  await writeFile(path, bytes);
  const again = await Library.open(folder);
  assert.equal(again.problems[0]?.code, 'library-damaged');
  assert.equal(again.chats.turns(CHAT).length, 2);
  assert.equal(again.versions.list({ ...query, text: 'sun top' }).total, 1);
  again.close();
});

test('a rescue that was ended half-way is done again; one that was ready only takes its place', async () => {
  const folder = await filledLibrary();
  const library = await Library.open(folder);
  addQuestion(library, library.versions.list(query).versions[0]!.id);
  library.close();
  const path = join(folder, 'library.db');
  const whole = await readFile(path);
  await writeFile(join(folder, '.library.db.rescue'), 'half');
  await writeFile(join(folder, '.library.db.copy-wal'), 'half');
  await overwrite(path, 0, 100);
  const broken = await readFile(path);
  await writeFile(join(folder, '.library.db.rescued'), whole);
  const second = await Library.open(folder);
  assert.equal(second.problems[0]?.code, 'library-damaged');
  assert.deepEqual([total(second), second.chats.list().length], [PICTURES, 1]);
  second.close();
  const [aside] = await readdir(join(folder, 'broken'));
  assert.deepEqual(await readFile(join(folder, 'broken', aside!, 'library.db')), broken);
  await rename(path, join(folder, '.library.db.rescued'));
  const third = await Library.open(folder);
  assert.equal(third.chats.list().length, 1, 'killed after the broken one was moved aside');
  third.close();
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.includes('rescued')),
    [],
  );
});

/** SQLite takes any text for good. */
const FLIPPED = [
  "UPDATE versions SET tags = '[{' WHERE prompt = 'one'",
  "UPDATE versions SET tags = '7' WHERE prompt = 'one'",
  "UPDATE versions SET settings = '' WHERE prompt = 'one'",
  "UPDATE versions SET reference_ids = 'null' WHERE prompt = 'one'",
  "UPDATE versions SET unknown_words = '[1]' WHERE prompt = 'one'",
  "UPDATE versions SET recipe = '{' WHERE prompt = 'one'",
  "UPDATE turns SET version_ids = '[' WHERE role = 'tusk'",
  `INSERT INTO jobs VALUES ('abcdefgh01', 1, 'queued', 0, '${CHAT}', 'turn00000001', NULL, '{"id":')`,
  "INSERT INTO settings VALUES ('settings', '{')",
];

for (const damage of FLIPPED)
  test(`a text that can't be read costs itself alone: ${damage}`, async () => {
    const folder = await libraryFolder();
    const library = await Library.open(folder);
    const { id } = await addPicture(library, { prompt: 'one', chatId: CHAT });
    await addPicture(library, { prompt: 'two', chatId: CHAT, tags: ['x'] });
    addQuestion(library, id);
    library.close();
    const database = Database.open(join(folder, 'library.db'));
    database.execute(damage);
    database.close();
    const again = await Library.open(folder);
    const { versions, chats, jobs, values } = again;
    assert.deepEqual(
      versions.list(query).versions.map(({ prompt }) => prompt),
      ['two', 'one'],
    );
    assert.equal(versions.list({ ...query, tag: 'x' }).total, 1);
    assert.ok(versions.tags().includes('x'));
    assert.equal(versions.ofChat(CHAT).length, 2);
    assert.equal(chats.turns(CHAT).length, 2);
    assert.deepEqual(jobs.withState('queued'), []);
    assert.deepEqual([versions.recipe(id), values.setting('settings')], [undefined, undefined]);
    again.close();
  });

test('what lies among the pictures and is none is left alone, and never waited for', async () => {
  const folder = await filledLibrary();
  const place = (name: string) => join(folder, 'pictures', name);
  await mkdir(place('abcdefgh01.png'));
  await writeFile(place('abcdefgh02.png'), '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  await writeFile(place('abcdefgh03.png'), '<!doctype html><script>alert(1)</script>');
  await writeFile(place('abcdefgh04.png'), '');
  await writeFile(place('a name of its own.png'), await plainPng('red'));
  if (process.platform !== 'win32') execFileSync('mkfifo', [place('abcdefgh05.png')]);
  const before = await readdir(join(folder, 'pictures'));
  const library = await Library.open(folder);
  assert.deepEqual([total(library), library.problems], [PICTURES, []]);
  library.close();
  assert.deepEqual(await readdir(join(folder, 'pictures')), before);
});

test('a missing database: pictures come back from their files, with the recipe they carry', async () => {
  const folder = await filledLibrary();
  const library = await Library.open(folder);
  const facts = { prompt: 'a blue boat', negative: '', seed: 5, width: 8, height: 8, model: 'mini' };
  const numbers = { steps: 4, guidance: 3, imageGuidance: 1, planGuidance: 2, guidanceRange: [0, 1] };
  const sampling = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1 };
  const recipe = { verb: 'create', ...facts, ...numbers, sampling, grid: { rows: 1, columns: 1 } };
  const picture = { width: 8, height: 8, pixels: new Uint8Array(192) };
  const png = await encodeGeneratedPng(picture, { ...recipe, modelFingerprint: 'f' } as never);
  await library.pictures.write('0123456789ab', png);
  library.close();
  await rm(join(folder, 'library.db'));
  const again = await Library.open(folder);
  assert.equal(total(again), PICTURES + 1);
  const found = again.versions.get('0123456789ab');
  assert.deepEqual([found?.prompt, found?.seed, found?.kind], ['a blue boat', 5, 'create']);
  again.close();
});

for (const where of ['database', 'marker'])
  test(`a newer schema told by the ${where} is refused, not a byte is changed`, async () => {
    const folder = await filledLibrary();
    const path = join(folder, 'library.db');
    if (where === 'database') {
      const bytes = await readFile(path);
      bytes.writeUInt32BE(99, 60);
      await writeFile(path, bytes);
    } else await writeFile(join(folder, 'library.json'), '{"tusk":"library","schema":99}');
    const before = await contentOf(folder);
    await assert.rejects(Library.open(folder), { code: 'library-newer' });
    assert.deepEqual(await contentOf(folder), before);
  });

async function contentOf(folder: string): Promise<Map<string, string>> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  const read = async (name: string) =>
    [name, (await readFile(join(folder, name))).toString('latin1')] as const;
  return new Map(await Promise.all(names.map(({ name }) => read(name))));
}

test('a second Tusk is told that the library is in use; a killed one leaves no lock', async () => {
  const folder = await libraryFolder();
  const holder = fork('test/helpers/hold-library.ts', [folder], { execArgv: ['--import', 'tsx'] });
  await once(holder, 'message');
  await writeFile(join(folder, 'library.json'), 'as the holder left it');
  await assert.rejects(Library.open(folder), { code: 'library-locked' });
  assert.equal(await readFile(join(folder, 'library.json'), 'utf8'), 'as the holder left it');
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const library = await Library.open(folder);
  assert.equal(total(library), 1);
  assert.deepEqual(library.problems, []);
  library.close();
});

test('a folder that can not be written or is a file: said, nothing else', async () => {
  const folder = await libraryFolder();
  await writeFile(join(folder, 'file'), 'x');
  await assert.rejects(Library.open(join(folder, 'file')), { code: 'library-read-only' });
  await assert.rejects(Library.open(join(folder, 'file', 'below')), { code: 'library-read-only' });
  await assert.rejects(Library.open('/dev/null/library'), { code: 'library-read-only' });
  await assert.rejects(Library.open('a\0b'), { code: 'bad-request' });
});

test('a picture file that was deleted outside is told as missing', async () => {
  const folder = await filledLibrary();
  const library = await Library.open(folder);
  const { id } = library.versions.list(query).versions[0]!;
  await rm(join(folder, 'pictures', `${id}.png`));
  await assert.rejects(library.pictures.read(id), { code: 'not-found' });
  await assert.rejects(library.pictures.thumbnail(id, 320), { code: 'not-found' });
  for (const bad of ['../library', 'a/b', '', 'x'.repeat(50), '..\\..\\x'])
    await assert.rejects(library.pictures.read(bad), { code: 'not-found' });
  library.close();
});
