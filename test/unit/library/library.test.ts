import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { packChat, unpackChat } from '../../../engine/library/archive.ts';
import { Database } from '../../../engine/library/database.ts';
import { Library } from '../../../engine/library/library.ts';
import { SCHEMA_VERSION } from '../../../engine/library/schema.ts';
import { addPicture, libraryFolder, newVersion, plainPng } from '../../helpers/library.ts';

const query = (change: object = {}) => ({ text: '', deleted: false, cursor: null, limit: 100, ...change });
const prompts = (library: Library, change: object) =>
  library.versions.list(query(change)).versions.map(({ prompt }) => prompt);

test('what was written is there after the library was opened again', async () => {
  const folder = await libraryFolder();
  const first = await Library.open(folder);
  const version = await addPicture(first, { tags: ['fruit'], starred: true, seed: 2 ** 53 - 1 });
  first.close();
  const second = await Library.open(folder);
  assert.deepEqual(second.versions.get(version.id), version);
  assert.deepEqual(second.problems, []);
  assert.ok((await second.pictures.read(version.id)).length > 0);
  second.close();
});

test('search finds prompts, tags, captions and what was said, by the beginnings of words', async () => {
  const library = await Library.open(await libraryFolder());
  library.versions.add(newVersion({ prompt: 'a green Äpfel tree' }));
  const boat = newVersion({ prompt: 'a boat', tags: ['blue sea'] });
  library.versions.add(boat);
  library.versions.addSaid(boat.id, 'where is the sun? at the top');
  library.versions.setCaption(boat.id, 'a small sailboat');
  for (const [text, found] of [
    ['apfe', 'a green Äpfel tree'],
    ['sea', 'a boat'],
    ['sun top', 'a boat'],
    ['sailb', 'a boat'],
  ] as const)
    assert.deepEqual(prompts(library, { text }), [found], text);
  assert.deepEqual(prompts(library, { text: 'sun tree' }), []);
  assert.deepEqual(prompts(library, { text: 'a BOAT bo boat b' }), ['a boat'], 'a word said twice is one');
  library.close();
});

test('no search text is a syntax error', async () => {
  const library = await Library.open(await libraryFolder());
  library.versions.add(newVersion({ prompt: 'quotes "inside" it' }));
  for (const text of ['"', 'a AND', 'NEAR(', 'prompt:x', '*', "'; DROP TABLE versions; --", '\0', '\ud800'])
    assert.ok(Array.isArray(prompts(library, { text })), text);
  assert.deepEqual(prompts(library, { text: '"inside"' }), ['quotes "inside" it']);
  library.close();
});

test('pages lead through everything once, newest first, however equal the times are', async () => {
  const library = await Library.open(await libraryFolder());
  for (let index = 0; index < 25; index++)
    library.versions.add(newVersion({ prompt: String(index), createdAt: 1_000 + Math.floor(index / 10) }));
  const seen: string[] = [];
  for (let cursor: string | null = null, more = true; more; more = cursor !== null) {
    const page = library.versions.list(query({ cursor, limit: 10 }));
    assert.equal(page.total, 25);
    seen.push(...page.versions.map(({ prompt }) => prompt));
    cursor = page.nextCursor;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, index) => String(24 - index)),
  );
  library.close();
});

test('filters by star, tag, kind and bin', async () => {
  const library = await Library.open(await libraryFolder());
  library.versions.add(newVersion({ prompt: 'starred', starred: true }));
  library.versions.add(newVersion({ prompt: 'tagged', tags: ['x', "it's"] }));
  library.versions.add(newVersion({ prompt: 'edited', kind: 'edit' }));
  library.versions.add(newVersion({ prompt: 'binned', deletedAt: 5 }));
  assert.deepEqual(prompts(library, { starred: true }), ['starred']);
  assert.deepEqual(prompts(library, { tag: "it's" }), ['tagged']);
  assert.deepEqual(prompts(library, { kind: 'edit' }), ['edited']);
  assert.deepEqual(prompts(library, { deleted: true }), ['binned']);
  assert.deepEqual(library.versions.tags(), ["it's", 'x']);
  library.close();
});

test('a value that is no scalar is refused before it reaches SQLite', async () => {
  const library = await Library.open(await libraryFolder());
  for (const value of [{}, Buffer.from('x'), new Date(), undefined, Number.NaN, 2n])
    assert.throws(() => library.values.addModel({ id: value as never, folder: 'x' }), /can't be kept/);
  library.close();
});

test('a transaction that fails leaves nothing behind', async () => {
  const library = await Library.open(await libraryFolder());
  const version = newVersion();
  assert.throws(() =>
    library.transaction(() => {
      library.versions.add(version);
      library.versions.add(version);
    }),
  );
  assert.equal(library.versions.get(version.id), undefined);
  library.versions.add(version);
  library.close();
});

test('a chat travels as one file: same pictures and turns, new ids', async () => {
  const [from, to] = [await Library.open(await libraryFolder()), await Library.open(await libraryFolder())];
  const chatId = 'chat00000001';
  from.chats.put({
    id: chatId,
    title: 'Apples',
    createdAt: 1,
    updatedAt: 2,
    deletedAt: null,
    coverVersionId: null,
  });
  const parent = await addPicture(from, { chatId });
  const child = await addPicture(from, {
    chatId,
    parentId: parent.id,
    kind: 'edit',
    prompt: 'make it green',
  });
  const turn = { chatId, mode: 'edit', text: 'make it green', jobId: null, createdAt: 3 } as const;
  from.chats.putTurn({
    ...turn,
    id: 'turn00000001',
    role: 'person',
    versionIds: [parent.id],
    replyToId: null,
  });
  from.chats.putTurn({
    ...turn,
    id: 'turn00000002',
    role: 'tusk',
    versionIds: [child.id],
    replyToId: 'turn00000001',
  });
  await from.pictures.writeAsMade(child.id, await plainPng('green'));
  const file = await packChat(from, chatId);

  for (const target of [to, from]) {
    const id = await unpackChat(target, file);
    assert.notEqual(id, chatId);
    assert.equal(target.chats.get(id)?.title, 'Apples');
    const [first, second] = target.versions.ofChat(id);
    assert.equal(second?.parentId, first?.id);
    assert.deepEqual(await target.pictures.read(second!.id), await from.pictures.read(child.id));
    assert.deepEqual(await target.pictures.asMade(second!.id), await plainPng('green'));
    assert.equal(await target.pictures.asMade(first!.id), undefined);
    const [asked, answered] = target.chats.turns(id);
    assert.deepEqual(answered?.versionIds, [second?.id]);
    assert.equal(answered?.replyToId, asked?.id);
  }
  for (const library of [from, to]) library.close();
});

test('a file that is no chat is refused with a reason, and leaves nothing', async () => {
  const library = await Library.open(await libraryFolder());
  const source = await Library.open(await libraryFolder());
  const chatId = 'chat00000001';
  source.chats.put({
    id: chatId,
    title: 'x',
    createdAt: 1,
    updatedAt: 2,
    deletedAt: null,
    coverVersionId: null,
  });
  await addPicture(source, { chatId });
  const file = await packChat(source, chatId);
  const bad: Uint8Array[] = [
    new Uint8Array(),
    new TextEncoder().encode('hello'),
    file.subarray(0, file.length / 2),
  ];
  for (const bytes of bad)
    await assert.rejects(unpackChat(library, bytes), {
      code: 'bad-request',
      message: /can't be opened as a chat/,
    });
  assert.deepEqual(library.chats.list(), []);
  for (const opened of [library, source]) opened.close();
});

type Files = Record<string, Uint8Array>;
const pictureNames = (files: Files) => Object.keys(files).filter((name) => name.startsWith('pictures'));
const DAMAGED_CHATS: Record<string, (files: Files) => Files> = {
  'without its last picture': (files) => {
    const { [pictureNames(files).at(-1)!]: _, ...rest } = files;
    return rest;
  },
  'whose last picture is cut': (files) => {
    const name = pictureNames(files).at(-1)!;
    return { ...files, [name]: files[name]!.subarray(0, 40) };
  },
  'that names a picture twice': (files) => {
    const told = JSON.parse(strFromU8(files['chat.json']!)) as { versions: unknown[] };
    told.versions.push(told.versions[0]);
    return { ...files, 'chat.json': strToU8(JSON.stringify(told)) };
  },
};

for (const [what, damage] of Object.entries(DAMAGED_CHATS))
  test(`a chat ${what} is refused, and none of its pictures turns up later`, async () => {
    const source = await Library.open(await libraryFolder());
    const chatId = 'chat00000001';
    const times = { createdAt: 1, updatedAt: 2, deletedAt: null };
    source.chats.put({ id: chatId, title: 'x', ...times, coverVersionId: null });
    for (let count = 0; count < 2; count++) await addPicture(source, { chatId });
    const file = zipSync(damage(unzipSync(await packChat(source, chatId))));
    const folder = await libraryFolder();
    const library = await Library.open(folder);
    await assert.rejects(unpackChat(library, file), (error: { code: string }) =>
      ['bad-request', 'bad-picture'].includes(error.code),
    );
    library.close();
    const again = await Library.open(folder);
    assert.equal(again.versions.list(query()).total, 0);
    assert.deepEqual(await again.pictures.ids(), []);
    for (const opened of [source, again]) opened.close();
  });

test('a library of the first schema is brought up to date, and says so outside the database', async () => {
  const folder = await libraryFolder();
  const first = await Library.open(folder);
  const { id } = await addPicture(first, { prompt: 'a red apple' });
  first.close();
  const database = Database.open(join(folder, 'library.db'));
  database.execute('ALTER TABLE versions DROP COLUMN caption; PRAGMA user_version = 1');
  database.close();
  await writeFile(join(folder, 'library.json'), '{"tusk":"library","schema":1}\n');
  const library = await Library.open(folder);
  assert.deepEqual(library.problems, []);
  assert.equal(library.versions.get(id)?.caption, '');
  assert.equal(library.versions.setCaption(id, 'an apple')?.caption, 'an apple');
  library.close();
  const marker = JSON.parse(await readFile(join(folder, 'library.json'), 'utf8')) as { schema: number };
  assert.equal(marker.schema, SCHEMA_VERSION);
});
