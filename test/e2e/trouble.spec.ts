import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BROWSER, expect, say, test } from './tusk.ts';

test.afterEach(({ studio }) => studio.call('settings.set', { language: 'en' }));

const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'image/png', buffer });

test('a damaged picture is refused with an alert; the library stays as it was', async ({ desk }) => {
  const { page, studio, chat } = desk;
  const damaged = file('damaged.png', Buffer.from('\x89PNG\r\n\x1a\nnothing of a picture', 'latin1'));
  await page.locator('input[type=file]').setInputFiles(damaged);
  await expect(page.getByRole('alert')).toContainText(/\S+/);
  expect((await studio.call('chats.get', { chatId: chat.id })).versions).toHaveLength(2);
});

test('an alert can be dismissed', async ({ desk: { page } }) => {
  await page.locator('input[type=file]').setInputFiles(file('empty.png', Buffer.alloc(0)));
  await page.getByRole('alert').getByRole('button', { name: 'Dismiss' }).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a good picture beside a damaged one comes in', BROWSER, async ({ desk }) => {
  const { page, studio, blue } = desk;
  const good = await page.request.get(new URL(`/pictures/${blue.id}`, page.url()).href);
  const files = [file('bad.png', Buffer.from('no')), file('good one.png', await good.body())];
  await page.locator('input[type=file]').setInputFiles(files);
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('img', { name: /^About: good one/ })).toBeVisible();
  expect((await studio.call('library.list', { text: 'good one' })).versions).toHaveLength(1);
});

test('in a German window a failure says in German what happened and what to do; the engine’s words lie beneath', async ({
  desk,
  tusk,
}) => {
  const { page, studio, blue } = desk;
  await studio.call('settings.set', { language: 'de' });
  await page.locator('input[type=file]').setInputFiles(file('damaged.png', Buffer.from('damaged')));
  const notice = page.getByRole('alert').filter({ hasText: 'Dieses Bild lässt sich nicht lesen.' });
  await expect(notice).toContainText('Nimm eine vollständige PNG-, JPEG-, WebP- oder AVIF-Datei.');
  await expect(notice).toContainText('damaged.png');
  await expect(notice.getByText('code: bad-picture')).toBeHidden();
  await notice.getByText('Einzelheiten').click();
  await expect(notice.getByText('code: bad-picture')).toBeVisible();
  await notice.getByRole('button', { name: 'Schließen' }).click();
  await rm(join(tusk.library, 'pictures', `${blue.id}.png`));
  await say(page, 'make the disc green', 'Nachricht');
  const card = page.locator('.thread').getByRole('alert');
  await expect(card).toContainText('Das ist nicht mehr da.', { timeout: 100_000 });
  await expect(card.getByRole('button', { name: 'Noch einmal' })).toBeVisible();
  await studio.call('settings.set', { language: 'en' });
  await expect(card).toContainText('The picture file is missing from the library folder.');
});

test(
  'a clipboard that is refused: the text is shown to be copied by hand',
  BROWSER,
  async ({ desk: { chat }, home: page }) => {
    const browser = await page.context().newCDPSession(page);
    const { targetInfo } = await browser.send('Target.getTargetInfo');
    await browser.send('Browser.setPermission', {
      permission: { name: 'clipboard-write' },
      setting: 'denied',
      browserContextId: targetInfo.browserContextId,
    });
    await page.evaluate((id) => sessionStorage.setItem('tusk-chat', id), chat.id);
    await page.reload();
    await page.getByText('Recipe', { exact: true }).click();
    await page.getByRole('button', { name: 'Copy', exact: true }).click();
    const notice = page.getByRole('alert').filter({ hasText: 'clipboard' });
    await expect(notice.getByRole('textbox')).toHaveValue(/^Prompt: blue disc/);
    await expect(page.getByText('The recipe was copied.')).toHaveCount(0);
    await notice.getByRole('textbox').focus();
    expect(await page.evaluate(() => String(window.getSelection()))).toContain('Prompt: blue disc');
  },
);

test(
  'a file dropped on any view is brought in; what is no picture is named, and the page stays',
  BROWSER,
  async ({ desk }) => {
    const { page, studio, blue } = desk;
    const picture = await (await page.request.get(new URL(`/pictures/${blue.id}`, page.url()).href)).body();
    await page.getByRole('button', { name: 'Library', exact: true }).click();
    await expect(page.getByRole('searchbox')).toBeVisible();
    const files = await page.evaluateHandle(
      ([bytes]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(bytes!)], 'dropped.png', { type: 'image/png' }));
        transfer.items.add(new File(['words'], 'notes.txt', { type: 'text/plain' }));
        return transfer;
      },
      [[...picture]],
    );
    const view = page.getByRole('main');
    await view.dispatchEvent('dragover', { dataTransfer: files });
    await expect(page.getByText('Drop pictures or a .tusk chat to bring them in')).toBeVisible();
    await view.dispatchEvent('drop', { dataTransfer: files });
    await expect(page.getByRole('alert')).toContainText('notes.txt');
    await expect(page.getByRole('img', { name: /^About: dropped/ })).toBeVisible();
    expect((await studio.call('library.list', { text: 'dropped' })).versions).toHaveLength(1);
  },
);
