/**
 * A whole chat as one `.tusk` file: a zip of chat.json and its pictures, and those edits as the model made them that
 * were laid back. What comes from elsewhere gets new ids.
 */
import { strFromU8, strToU8, unzipSync, type ZipOptions, zipSync } from 'fflate';
import { z } from 'zod';
import { TuskError } from '../errors.ts';
import { decodePicture } from '../image/decode.ts';
import { chat, turn, version } from '../studio-protocol.ts';
import { newId } from './ids.ts';
import type { Library } from './library.ts';

const FORMAT = 1;
const CONTENTS = 'chat.json';
const LARGEST_BYTES = 2 ** 30;
const MOST_PICTURES = 5_000;
/** The chat itself, and each picture as it is and as it was made. */
const MOST_FILES = 1 + 2 * MOST_PICTURES;
/** Pictures are compressed already. */
const STORED: ZipOptions = { level: 0 };

const archiveVersion = version.extend({ recipe: z.unknown().optional() });
const contents = z.object({
  tusk: z.literal(FORMAT),
  chat,
  turns: z.array(turn).max(100_000),
  versions: z.array(archiveVersion).max(MOST_PICTURES),
});
type Contents = z.infer<typeof contents>;
type ArchiveVersion = z.infer<typeof archiveVersion>;

/** @throws TuskError `not-found` if a picture file is missing. */
export async function packChat(library: Library, chatId: string): Promise<Uint8Array> {
  const versions = library.versions.ofChat(chatId);
  const described = versions.map((entry) => ({ ...entry, recipe: library.versions.recipe(entry.id) }));
  const told: Contents = {
    tusk: FORMAT,
    chat: library.chats.get(chatId)!,
    turns: library.chats.turns(chatId),
    versions: described,
  };
  const files: Record<string, [Uint8Array, ZipOptions]> = {
    [CONTENTS]: [strToU8(JSON.stringify(told)), {}],
  };
  for (const { id } of versions) {
    files[fileName(id)] = [await library.pictures.read(id), STORED];
    const asMade = await library.pictures.asMade(id);
    if (asMade) files[asMadeName(id)] = [asMade, STORED];
  }
  return zipSync(files);
}

/** @returns the new chat's id. @throws TuskError `bad-request`: no .tusk file, damaged, or of a newer Tusk. */
export async function unpackChat(library: Library, file: Uint8Array): Promise<string> {
  const files = unzip(file);
  const told = readContents(files[CONTENTS]);
  const { chat: imported, turns, versions } = renamed(told);
  const ids = versions.map(({ id }) => id);
  await library.orWithoutPictures(ids, async () => {
    for (const [index, { id }] of versions.entries()) {
      const { id: toldId } = told.versions[index]!;
      const [picture, asMade] = [files[fileName(toldId)], files[asMadeName(toldId)]];
      if (!picture) throw damaged('a picture is missing');
      for (const file of [picture, asMade]) if (file) await decodePicture(file, 'A picture of the chat');
      await library.pictures.write(id, picture);
      if (asMade) await library.pictures.writeAsMade(id, asMade);
    }
    library.transaction(() => {
      library.chats.put(imported);
      for (const { recipe, ...entry } of versions) library.versions.add(entry, recipe);
      for (const entry of turns) library.chats.putTurn(entry);
    });
  });
  return imported.id;
}

/** Several files as one. */
export const packFiles = (files: Readonly<Record<string, Uint8Array>>): Uint8Array => zipSync(files, STORED);

/** Sizes are looked at before anything is unpacked. */
function unzip(file: Uint8Array): Record<string, Uint8Array> {
  let total = 0;
  let count = 0;
  try {
    return unzipSync(file, {
      filter: ({ originalSize }) => {
        total += originalSize;
        count += 1;
        if (total > LARGEST_BYTES || count > MOST_FILES) throw damaged('it is too large');
        return true;
      },
    });
  } catch (thrown) {
    throw thrown instanceof TuskError ? thrown : damaged('it is damaged or of another kind');
  }
}

function readContents(bytes: Uint8Array | undefined): Contents {
  if (!bytes) throw damaged('it holds no chat');
  const parsed = contents.safeParse(parseJson(strFromU8(bytes)));
  if (!parsed.success) throw damaged('its chat is damaged, or of a newer Tusk');
  const ids = [...parsed.data.versions, ...parsed.data.turns].map(({ id }) => id);
  if (new Set(ids).size < ids.length) throw damaged('two things in it have the same name');
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** New ids throughout; what points outside the chat points nowhere. */
function renamed({ chat: before, turns, versions }: Contents): Omit<Contents, 'tusk'> {
  const ids = new Map([...versions, ...turns].map(({ id }) => [id, newId()]));
  const chatId = newId();
  const known = (list: readonly string[]) => list.flatMap((id) => ids.get(id) ?? []);
  const one = (id: string | null) => (id === null ? null : (ids.get(id) ?? null));
  return {
    chat: { ...before, id: chatId, deletedAt: null, coverVersionId: one(before.coverVersionId) },
    turns: turns.map((entry) => ({
      ...entry,
      ...{ id: ids.get(entry.id)!, chatId, jobId: null, replyToId: one(entry.replyToId) },
      versionIds: known(entry.versionIds),
    })),
    versions: versions.map(
      (entry): ArchiveVersion => ({
        ...entry,
        ...{ id: ids.get(entry.id)!, chatId, parentId: one(entry.parentId), deletedAt: null },
        referenceIds: known(entry.referenceIds),
      }),
    ),
  };
}

const fileName = (id: string): string => `pictures/${id}.png`;
const asMadeName = (id: string): string => `as-made/${id}.png`;

function damaged(why: string): TuskError {
  return new TuskError('bad-request', `The file can't be opened as a chat: ${why}.`, {
    hint: 'Choose a .tusk file that Tusk exported.',
  });
}
