/** A library as years of use leave it: ten thousand pictures, and a chat of a thousand messages. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeThumbnail } from '../../engine/image/thumbnail.ts';
import { newId } from '../../engine/library/ids.ts';
import { Library } from '../../engine/library/library.ts';
import type { Turn } from '../../engine/studio-protocol.ts';
import { drawing } from '../e2e/studio.ts';
import { newVersion } from '../helpers/library.ts';

export const LARGE = { pictures: 10_000, messages: 1_000, chatTitle: 'A thousand messages' } as const;
/** Found once among all. */
export const RARE_WORD = 'harpsichord';

const COLOURS = ['red', 'green', 'blue', 'yellow', 'orange', 'purple', 'black', 'white', 'pink', 'brown'];
const THINGS = ['apple', 'boat', 'house', 'cat', 'tree', 'star', 'bell', 'fish', 'cup', 'flower', 'car'];
const SIDE = 256;
const THUMBNAIL_SIDE = 320;
const MINUTE_MS = 60_000;

const of = <T>(list: readonly T[], index: number): T => list[index % list.length]!;

export async function makeLargeLibrary(folder: string): Promise<void> {
  const library = await Library.open(folder);
  const files = await Promise.all(COLOURS.map((colour) => drawing(colour, '#f4f0e6', SIDE, SIDE)));
  const thumbnails = await Promise.all(files.map((file) => encodeThumbnail(file, THUMBNAIL_SIDE)));
  const from = Date.now() - LARGE.pictures * MINUTE_MS;
  library.transaction(() => {
    const chatId = addChat(library, LARGE.chatTitle, from);
    addChat(library, 'The last one', Date.now());
    for (let index = 0; index < LARGE.pictures; index++) {
      const words = `a ${of(COLOURS, index)} ${of(THINGS, index)} number ${index}`;
      const file = of(files, index);
      const version = newVersion({
        prompt: index === LARGE.pictures / 2 ? `${words} on a ${RARE_WORD}` : words,
        chatId: index < LARGE.messages / 2 ? chatId : null,
        createdAt: from + index * MINUTE_MS,
        starred: index % 50 === 0,
        tags: index % 20 === 0 ? [of(COLOURS, index)] : [],
        width: SIDE,
        height: SIDE,
        sizeBytes: file.length,
      });
      writeFileSync(join(folder, 'pictures', `${version.id}.png`), file);
      writeFileSync(
        join(folder, 'thumbnails', `${version.id}-${THUMBNAIL_SIDE}.webp`),
        of(thumbnails, index),
      );
      library.versions.add(version);
      if (version.chatId) addExchange(library, chatId, version.prompt, version.id, version.createdAt);
    }
  });
  library.values.setSetting('settings', { tourSeen: true });
  library.close();
}

function addChat(library: Library, title: string, at: number): string {
  const id = newId();
  const times = { createdAt: at, updatedAt: at, deletedAt: null };
  library.chats.put({ id, title, ...times, coverVersionId: null });
  return id;
}

function addExchange(library: Library, chatId: string, text: string, versionId: string, at: number): void {
  const asked: Turn = {
    ...{ id: newId(), chatId, role: 'person', mode: 'create', text, versionIds: [], jobId: null },
    ...{ replyToId: null, createdAt: at },
  };
  library.chats.putTurn(asked);
  const answer = { ...asked, id: newId(), role: 'tusk' as const, text: '', versionIds: [versionId] };
  library.chats.putTurn({ ...answer, replyToId: asked.id });
}
