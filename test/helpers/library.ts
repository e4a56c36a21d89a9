/** Library folders for tests, filled with real pictures. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { packChat } from '../../engine/library/archive.ts';
import { newId } from '../../engine/library/ids.ts';
import { Library } from '../../engine/library/library.ts';
import type { Version } from '../../engine/studio-protocol.ts';

export const libraryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'tusk-library-'));

export const newVersion = (change: Partial<Version> = {}): Version => ({
  id: newId(),
  chatId: null,
  parentId: null,
  referenceIds: [],
  kind: 'create',
  prompt: 'a red apple',
  seed: 1,
  settings: {},
  model: 'test',
  width: 8,
  height: 8,
  sizeBytes: 100,
  durationMs: null,
  createdAt: Date.now(),
  starred: false,
  tags: [],
  deletedAt: null,
  unknownWords: [],
  caption: '',
  ...change,
});

export const plainPng = (colour: string, side = 8): Promise<Buffer> =>
  sharp({ create: { width: side, height: side, channels: 3, background: colour } })
    .png()
    .toBuffer();

export async function addPicture(library: Library, change: Partial<Version> = {}): Promise<Version> {
  const version = newVersion(change);
  await library.pictures.write(version.id, await plainPng('red'));
  library.versions.add(version);
  return version;
}

/** A `.tusk` file with a picture and an edit of it, of which nobody has said anything. */
export async function chatOfEdit(source: Buffer, edit: Buffer): Promise<Uint8Array> {
  const library = await Library.open(await libraryFolder());
  const chatId = newId();
  const times = { createdAt: 1, updatedAt: 1, deletedAt: null };
  library.chats.put({ id: chatId, title: 'An edit', ...times, coverVersionId: null });
  const parent = newVersion({ chatId });
  const child = newVersion({ chatId, parentId: parent.id, kind: 'edit', prompt: 'make it green' });
  for (const [version, file] of [
    [parent, source],
    [child, edit],
  ] as const) {
    const { width = 1, height = 1 } = await sharp(file).metadata();
    await library.pictures.write(version.id, file);
    library.versions.add({ ...version, width, height });
  }
  const bytes = await packChat(library, chatId);
  library.close();
  return bytes;
}
