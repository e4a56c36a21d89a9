import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packChat } from '../../engine/library/archive.ts';
import { newId } from '../../engine/library/ids.ts';
import { Library } from '../../engine/library/library.ts';
import type { Turn } from '../../engine/studio-protocol.ts';
import { addPicture } from '../helpers/library.ts';
import { expect, test } from './tusk.ts';

const EXCHANGES = 70;
const prompt = (number: number) => `a red disc, number ${number}`;

/** A chat with a picture for each of its messages, as a file. */
async function longChat(): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'tusk-long-'));
  const library = await Library.open(folder);
  const chatId = newId();
  const times = { createdAt: 1, updatedAt: 1, deletedAt: null };
  library.chats.put({ id: chatId, title: 'Long', ...times, coverVersionId: null });
  for (let number = 1; number <= EXCHANGES; number++) {
    const createdAt = 1_000 * number;
    const { id } = await addPicture(library, { chatId, prompt: prompt(number), createdAt });
    const turn: Omit<Turn, 'id' | 'role' | 'text'> = {
      ...{ chatId, mode: 'create', versionIds: [], jobId: null, replyToId: null, createdAt },
    };
    const asked = newId();
    library.chats.putTurn({ ...turn, id: asked, role: 'person', text: prompt(number) });
    library.chats.putTurn({
      ...turn,
      id: newId(),
      role: 'tusk',
      text: '',
      versionIds: [id],
      replyToId: asked,
    });
  }
  const file = await packChat(library, chatId);
  library.close();
  await rm(folder, { recursive: true });
  return file;
}

test('a long chat opens at its end; its beginning is there when it is scrolled to, or asked for', async ({
  desk,
}) => {
  const { page, studio } = desk;
  const chat = await studio.call('chats.import', { bytes: await longChat() });
  await page.evaluate((id) => sessionStorage.setItem('tusk-chat', id), chat.id);
  await page.reload();
  const messages = page.getByRole('list', { name: 'Messages' });
  const shown = (number: number) =>
    messages.getByRole('button', { name: `Show: ${prompt(number)}`, exact: true });
  await expect(shown(EXCHANGES)).toBeInViewport();
  await expect(shown(1)).toHaveCount(0);

  const oldest = page.getByRole('button', { name: `Created: ${prompt(EXCHANGES - 2)}`, exact: true });
  await oldest.click();
  await expect(shown(EXCHANGES - 2)).toHaveAttribute('aria-pressed', 'true');
  await shown(EXCHANGES).click();
  await expect(
    page.getByRole('button', { name: `Created: ${prompt(EXCHANGES)}`, exact: true }),
  ).toHaveAttribute('aria-pressed', 'true');
  await expect(oldest).toHaveAttribute('aria-pressed', 'false');

  await messages.hover();
  await expect(async () => {
    await page.mouse.wheel(0, -20_000);
    await expect(shown(1)).toBeInViewport({ timeout: 500 });
  }).toPass();
});
