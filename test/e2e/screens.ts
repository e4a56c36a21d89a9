/** Every screen and state as pictures: `npm run screenshots`. What is on them the embedded model made. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import type { StudioParams } from '../../engine/studio-protocol.ts';
import { bringIn, drawing, type StudioClient } from './studio.ts';
import { type Desk, expect, say, type Tusk, test } from './tusk.ts';

const NARROW = { width: 400, height: 800 };
const SIZES = [{ width: 1280, height: 800 }, { width: 1920, height: 1080 }, NARROW];
const THEMES = ['light', 'dark'] as const;
const MADE_MS = 120_000;

/** What fills the library and the list of chats, with seeds, so that every run shows the same. */
const GALLERY = [
  'a yellow lemon on a teal background',
  'a fox to the left of a pizza',
  'a blue car on a yellow background',
  'a penguin, a whale and a turtle on a blue background',
  'a panda',
  'a red apple above a green pear',
  'three pineapples',
  'a rocket at the top right',
  'a cactus on an orange background',
  'a whale on a teal background',
  'two owls and a moon on a purple background',
  'a hot air balloon and a star',
  'a purple gift on a yellow background',
  'a duck in the middle',
  'a fox, a pizza and two stars on a green background',
  'a green turtle on a white background',
  'a strawberry to the right of a cake',
  'four robots on a grey background',
];
const FIRST = 'a cat and a sunflower on a pink background';
const EDITS = ['change the background to blue', 'replace the sunflower with a panda'] as const;

async function make(
  studio: StudioClient,
  request: Pick<StudioParams<'jobs.submit'>, 'chatId' | 'mode' | 'message' | 'targetIds' | 'seed'>,
): Promise<string> {
  const { jobs } = await studio.call('jobs.submit', { ...request, settings: {}, variations: 1 });
  const job = jobs[0]!;
  for (;;) {
    const found = (await studio.call('chats.get', { chatId: request.chatId })).jobs.find(
      ({ id }) => id === job.id,
    );
    if (found?.versionId || found?.state === 'done') return found.versionId ?? '';
    if (found?.state === 'failed') throw new Error(found.failure?.message);
    await new Promise((wait) => setTimeout(wait, 100));
  }
}

/** A chat in which a picture was made, changed twice and asked about; and a library around it. */
async function fill(studio: StudioClient): Promise<string> {
  for (const [seed, message] of GALLERY.entries()) {
    const { id } = await studio.call('chats.create', {});
    await make(studio, { chatId: id, mode: 'create', message, targetIds: [], seed: seed + 1 });
  }
  const { id: chatId } = await studio.call('chats.create', {});
  let last = await make(studio, { chatId, mode: 'create', message: FIRST, targetIds: [], seed: 1 });
  for (const message of EDITS)
    last = await make(studio, { chatId, mode: 'edit', message, targetIds: [last], seed: 1 });
  await make(studio, {
    chatId,
    mode: 'ask',
    message: 'what is in the picture?',
    targetIds: [last],
    seed: 1,
  });
  return chatId;
}

let filledChatId: string | undefined;

test.beforeEach(async ({ desk: { page, studio, chat, red, blue } }) => {
  test.setTimeout(300_000);
  await studio.call('versions.delete', { versionIds: [red.id, blue.id] });
  await studio.call('library.emptyBin', {});
  await studio.call('chats.delete', { chatId: chat.id });
  filledChatId ??= await fill(studio);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.evaluate((id) => sessionStorage.setItem('tusk-chat', id), filledChatId);
  await page.reload();
  await page.getByRole('toolbar', { name: 'Tools' }).waitFor();
});

const go = ({ page }: Desk, view: string) => page.getByRole('button', { name: view, exact: true }).click();
const node = ({ page }: Desk, name: string) => page.getByRole('button', { name });

const choose = async (desk: Desk) => {
  await go(desk, 'Library');
  await desk.page.getByRole('option', { name: GALLERY[2]! }).click();
};

const view = async (desk: Desk, name: string) => {
  await go(desk, name);
  await desk.page.getByRole('heading', { name, level: 1 }).waitFor();
};

const compare = async (desk: Desk) => {
  await node(desk, `Created: ${FIRST}`).click({ modifiers: ['Shift'] });
  await desk.page.getByRole('dialog').waitFor();
};

/** Every screen and state, and how a person gets there from that chat. */
const SCREENS: Record<string, (desk: Desk, tusk: Tusk) => Promise<unknown>> = {
  studio: async () => {},
  'new-chat': (desk) => go(desk, 'New chat'),
  chats: (desk) => go(desk, 'Chats'),
  options: (desk) => go(desk, 'More settings'),
  slip: async ({ page }) => {
    await page
      .getByRole('textbox', { name: 'Message' })
      .fill('replace the panda with an aple and a harpsichord');
    await page.getByText('Was this meant').waitFor();
  },
  memory: async (desk) => {
    const { page } = desk;
    await page.getByRole('textbox', { name: 'Message' }).fill('a red apple');
    await go(desk, 'More settings');
    for (const side of ['Width, px', 'Height, px'])
      await page.getByRole('spinbutton', { name: side }).fill('8192');
    await page.getByRole('textbox', { name: 'Message' }).press('ControlOrMeta+Enter');
    await page.getByRole('alert').waitFor();
    await go(desk, 'More settings');
  },
  recipe: ({ page }) => page.getByText('Recipe', { exact: true }).click(),
  crop: (desk) => go(desk, 'Crop'),
  point: (desk) => go(desk, 'Point at it'),
  colour: (desk) => go(desk, 'Take a colour'),
  drift: async (desk) => {
    await node(desk, `Edit: ${EDITS[1]}`).click();
    await desk.page.getByRole('button', { name: /^What changed: / }).click();
    await desk.page.getByText('of the picture changed').waitFor();
  },
  check: async (desk) => {
    await node(desk, `Created: ${FIRST}`).click();
    await go(desk, 'Check it');
    await desk.page.getByText('own opinion').waitFor();
    await expect(desk.page.locator('.check-panel').getByRole('progressbar')).toHaveCount(0);
  },
  compare,
  difference: async (desk) => {
    await compare(desk);
    await desk.page.getByText('Difference', { exact: true }).click();
  },
  queue: async (desk) => {
    const { page, studio } = desk;
    await go(desk, 'New chat');
    await studio.call('jobs.pause', { paused: true });
    for (const thing of ['cat', 'dog', 'bear']) await say(page, `draw a ${thing}`);
  },
  trouble: ({ page }) =>
    page
      .locator('input[type=file]')
      .setInputFiles({ name: 'damaged.png', mimeType: 'image/png', buffer: Buffer.from('damaged') }),
  failed: async (desk, tusk) => {
    const { page, studio } = desk;
    await go(desk, 'New chat');
    const { id } = await bringIn(studio, null, 'lost.png', await drawing('#c8102e', '#f4f0e6'));
    await page.getByRole('button', { name: 'Library', exact: true }).click();
    await page.getByRole('option', { name: 'lost.png' }).dblclick();
    await rm(join(tusk.library, 'pictures', `${id}.png`));
    await say(page, 'make the disc green');
    await page.getByRole('alert').waitFor();
  },
  broken: async (desk) => {
    const refused = '**/assets/Models-*.js';
    await desk.page.route(refused, (route) => route.abort());
    await desk.page.reload();
    await go(desk, 'Models');
    await desk.page.getByRole('alert').waitFor();
    await desk.page.unroute(refused);
  },
  library: (desk) => view(desk, 'Library'),
  'library-bin': async (desk) => {
    await go(desk, 'Library');
    await go(desk, 'Bin');
    await desk.page.getByText('The bin is empty').waitFor();
  },
  'library-selection': choose,
  'library-export': async (desk) => {
    await choose(desk);
    await go(desk, 'Export');
  },
  'library-nothing': async (desk) => {
    await go(desk, 'Library');
    await desk.page.getByRole('searchbox').fill('harpsichord');
    await desk.page.getByText('Nothing found').waitFor();
  },
  models: (desk) => view(desk, 'Models'),
  'models-inside': async (desk) => {
    await go(desk, 'Models');
    await desk.page.getByText('What is inside').click();
    await desk.page.getByRole('table').waitFor();
  },
  settings: async (desk) => {
    await view(desk, 'Settings');
    await desk.page.locator('.settings-devices li').first().waitFor();
  },
  palette: ({ page }) => page.keyboard.press('ControlOrMeta+k'),
  shortcuts: async ({ page }) => {
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
  },
  tour: async (desk) => {
    await go(desk, 'Settings');
    await go(desk, 'Show again');
    await desk.page.getByRole('dialog').getByRole('listitem').first().waitFor();
  },
  working: async (desk) => {
    await go(desk, 'New chat');
    await desk.page.getByRole('group', { name: 'How many pictures' }).getByText('4', { exact: true }).click();
    await say(desk.page, 'a blue car on a yellow background');
    await expect(desk.page.getByRole('progressbar').first()).toHaveAttribute('aria-valuetext', /^Step/);
    await desk.studio.call('jobs.pause', { paused: true });
  },
  made: async (desk) => {
    await go(desk, 'New chat');
    await desk.page.getByRole('group', { name: 'How many pictures' }).getByText('4', { exact: true }).click();
    await say(desk.page, FIRST);
    const pictures = desk.page.getByRole('button', { name: `Show: ${FIRST}` });
    await expect(pictures).toHaveCount(4, { timeout: MADE_MS });
  },
};

/** English ones lie in the folder itself. */
const LANGUAGES = { en: '', de: 'de/' };

for (const [name, reach] of Object.entries(SCREENS))
  test(name, async ({ desk, tusk }) => {
    await reach(desk, tusk);
    for (const [language, folder] of Object.entries(LANGUAGES)) {
      await desk.studio.call('settings.set', { language });
      await expect(desk.page.locator('html')).toHaveAttribute('lang', language);
      await shoot(desk.page, `screenshots/${folder}${name}`);
      if (name === 'studio') await shootCanvas(desk.page, `screenshots/${folder}canvas`);
    }
  });

test.afterEach(async ({ desk: { page, studio } }) => {
  await studio.call('settings.set', { language: 'en' });
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
});

async function shoot(page: Page, path: string): Promise<void> {
  for (const colorScheme of THEMES)
    for (const size of SIZES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(size);
      await page.screenshot({ path: `${path}-${size.width}-${colorScheme}.png` });
    }
}

/** What a narrow window shows in place of the chat. */
async function shootCanvas(page: Page, path: string): Promise<void> {
  await page.setViewportSize(NARROW);
  await page.locator('.thread-header .pane-switch').click();
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.screenshot({ path: `${path}-${NARROW.width}-${colorScheme}.png` });
  }
  await page.locator('.canvas-back').click();
}
