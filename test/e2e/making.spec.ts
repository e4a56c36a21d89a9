/** Where making is the point: stages, drafts, siblings, edits and their drift, the model's opinion, a lost engine. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import type { StudioParams, Turn } from '../../engine/studio-protocol.ts';
import { chatOfEdit } from '../helpers/library.ts';
import { drawing } from './studio.ts';
import { BROWSER, engineOf, expect, MANY_STEPS, say, setSteps, test } from './tusk.ts';

const MADE = { timeout: 100_000 };
/** Another one is on the canvas. */
const stop = (page: Page) =>
  page.getByRole('list', { name: 'Messages' }).getByRole('button', { name: 'Stop' });
const strip = (page: Page) => page.getByRole('group', { name: 'Pictures, keys 1 to 4 choose' });

test('two variations are siblings; keys 1 and 2 choose, another one adds a third', async ({ desk }) => {
  const { page, studio, chat } = desk;
  await page.getByRole('group', { name: 'How many pictures' }).getByText('2', { exact: true }).click();
  await say(page, 'draw a red apple');
  await expect(strip(page).getByRole('img')).toHaveCount(2, MADE);
  const pictures = strip(page).getByRole('button', { name: 'Show: draw a red apple' });
  await pictures.first().focus();
  await page.keyboard.press('2');
  await expect(pictures.nth(1)).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('1');
  await expect(pictures.nth(0)).toHaveAttribute('aria-pressed', 'true');
  await page.getByRole('button', { name: 'Another one' }).click();
  await expect(strip(page).getByRole('img')).toHaveCount(3, MADE);
  const { versions } = await studio.call('chats.get', { chatId: chat.id });
  const made = versions.filter(({ kind }) => kind === 'create');
  expect(new Set(made.map(({ seed }) => seed)).size).toBe(3);
  expect(made.map(({ parentId }) => parentId)).toEqual([null, null, null]);
});

test('stopped in the middle leaves a draft, and Finish this completes it', async ({ desk }) => {
  const { page, studio, chat } = desk;
  await setSteps(page, MANY_STEPS);
  await say(page, 'draw a yellow banana');
  await expect(page.getByRole('progressbar').first()).toHaveAttribute('aria-valuetext', /^Step \d/, MADE);
  await stop(page).click();
  await expect(page.getByRole('button', { name: 'Show the draft: draw a yellow banana' })).toBeVisible();
  await page.getByRole('button', { name: 'Finish this' }).click();
  await expect(page.getByRole('button', { name: 'Show: draw a yellow banana' })).toBeVisible(MADE);
  const { versions } = await studio.call('chats.get', { chatId: chat.id });
  expect(versions.filter(({ prompt }) => prompt === 'draw a yellow banana').at(-1)?.kind).toBe('create');
});

test('an edit: child of its source, what changed is shown and can be taken back', async ({ desk }) => {
  const { page, studio, chat, red } = desk;
  await page.getByRole('button', { name: `Brought in: ${red.prompt}` }).click();
  await say(page, 'make the disc green');
  await expect(page.getByRole('button', { name: 'Edit: make the disc green' })).toBeVisible(MADE);
  await page.getByRole('button', { name: /^What changed: [\d.]+%$/ }).click();
  await expect(page.getByText(/of the picture changed\.$/)).toBeVisible();
  await expect(page.getByRole('img', { name: /^Heat map of what changed/ })).toBeVisible();
  await page.getByRole('slider', { name: /Bring back/ }).press('Home');
  await page.getByRole('button', { name: 'Keep this strength' }).click();
  await expect(page.getByRole('button', { name: /^Blended: / })).toHaveAttribute('aria-pressed', 'true');
  const { versions } = await studio.call('chats.get', { chatId: chat.id });
  const edit = versions.find(({ kind }) => kind === 'edit');
  expect(edit).toMatchObject({ parentId: red.id, prompt: 'make the disc green' });
  expect(versions.find(({ kind }) => kind === 'blend')).toMatchObject({ parentId: edit?.id });
  await studio.call('settings.set', { driftGuard: false });
  await page.getByRole('button', { name: 'Edit: make the disc green' }).click();
  await expect(page.getByRole('button', { name: 'What changed', exact: true })).toBeVisible();
  await studio.call('settings.set', { driftGuard: true });
});

/** The edit it gives is of a part, and drifts in the rest. */
const SEED = 3;

const isAnswer =
  ({ id }: Turn) =>
  ({ replyToId }: Turn) =>
    replyToId === id;

test('of a local edit what drifted is brought back by itself; one click shows it as the model made it', async ({
  desk,
  tusk,
}) => {
  const { page, studio, chat } = desk;
  const file = (id: string, folder = 'pictures') => readFile(join(tusk.library, folder, `${id}.png`));
  const shareLike = async (id: string, other: string) => {
    const [a, b] = await Promise.all([id, other].map(async (one) => pixels(await file(one))));
    return a!.filter((level, i) => level === b![i]).length / a!.length;
  };
  const make = async (mode: 'create' | 'edit', message: string, targetIds: string[]): Promise<string> => {
    const request = { chatId: chat.id, mode, message, targetIds, seed: SEED, settings: { preset: 'best' } };
    const { turn } = await studio.call('jobs.submit', request as StudioParams<'jobs.submit'>);
    const answer = async () =>
      (await studio.call('chats.get', { chatId: chat.id })).turns.find(isAnswer(turn));
    await expect.poll(async () => (await answer())?.versionIds.length, MADE).toBe(1);
    return (await answer())!.versionIds[0]!;
  };
  const fish = await make('create', 'draw a purple fish', []);
  await make('edit', 'make the fish red', [fish]);
  await page.getByRole('button', { name: 'Edit: make the fish red' }).click();
  await page.getByRole('button', { name: /^What changed: [\d.]+%$/ }).click(MADE);
  await expect(page.getByText(/drifted where nothing was to change and was brought back\.$/)).toBeVisible();
  await page.getByRole('button', { name: 'As the model made it' }).click();
  await expect(page.getByRole('button', { name: /^Blended: / })).toHaveAttribute('aria-pressed', 'true');
  await page.getByRole('button', { name: /^What changed: [1-9][\d.]*%$/ }).click();
  await expect(page.getByText(/drifted where nothing was to change\.$/)).toBeVisible();
  const { versions } = await studio.call('chats.get', { chatId: chat.id });
  const one = (kind: string) => versions.find((version) => version.kind === kind)!.id;
  const kept = await shareLike(one('create'), one('edit'));
  expect(kept).toBeGreaterThan(0.5);
  expect(await shareLike(one('create'), one('blend'))).toBeLessThan(kept);
  expect(await pixels(await file(one('edit'), 'as-made'))).toEqual(await pixels(await file(one('blend'))));
});

test(
  'an edit that changed nothing is not said to be meant for the whole picture; a map that comes late is not laid on another one',
  BROWSER,
  async ({ home, studio, tusk }) => {
    let isHeld = false;
    const held: (() => void)[] = [];
    await home.routeWebSocket(/\/studio$/, (socket) => {
      socket.connectToServer().onMessage((frame) => {
        if (isHeld) held.push(() => socket.send(frame));
        else socket.send(frame);
      });
    });
    await studio.call('settings.set', { driftGuard: false });
    const red = await drawing('#c8102e', '#f4f0e6');
    const { id } = await studio.call('chats.import', { bytes: await chatOfEdit(red, red) });
    await home.evaluate((chatId) => sessionStorage.setItem('tusk-chat', chatId), id);
    await home.goto(new URL('/', tusk.address).href);
    const change = home.getByRole('button', { name: 'What changed', exact: true });
    const map = home.getByRole('img', { name: /^Heat map/ });
    await expect(change).toBeVisible();
    isHeld = true;
    await change.click();
    await home.getByRole('button', { name: 'Created: a red apple' }).click();
    await expect(change).toHaveCount(0);
    await expect.poll(() => held.length).toBeGreaterThan(0);
    isHeld = false;
    for (const send of held) send();
    await expect(home.getByRole('img', { name: 'a red apple' }).first()).toBeVisible();
    await home.waitForTimeout(300);
    await expect(map).toHaveCount(0);
    await home.getByRole('button', { name: 'Edit: make it green' }).click();
    await home.getByRole('button', { name: /^What changed/ }).click();
    await expect(map).toBeVisible();
    await expect(home.getByText('0% of the picture changed.')).toBeVisible();
    await expect(home.getByText(/^0% of it differs slightly/)).toBeVisible();
    await studio.call('settings.set', { driftGuard: true });
  },
);

const pixels = async (file: Buffer): Promise<Buffer> => sharp(file).removeAlpha().raw().toBuffer();

test('the model is asked about its own picture; what it says is shown as its opinion', async ({ desk }) => {
  const { page } = desk;
  await say(page, 'draw a red apple');
  await page.getByRole('button', { name: 'Check it' }).click(MADE);
  await expect(page.getByText('The model’s own opinion')).toBeVisible();
  await expect(page.getByText('is the apple red?')).toBeVisible(MADE);
  await expect(page.getByText('is there an apple?')).toBeVisible();
});

/** More than any model would find in it. */
const MANY_THINGS = 'draw a red cat, a blue dog, a green car, a pink whale, a yellow fish and a purple bird';

test('where its opinion disagrees, one click makes another one and leaves alone what is being written', async ({
  desk,
}) => {
  const { page, studio, chat } = desk;
  await say(page, MANY_THINGS);
  await page.getByRole('button', { name: 'Check it' }).click(MADE);
  await page.getByRole('textbox', { name: 'Message' }).fill('half a thought');
  const panel = page.locator('.check-panel');
  await expect(panel.getByRole('img', { name: 'disagrees' }).first()).toBeVisible(MADE);
  await panel.getByRole('button', { name: 'Try again' }).click();
  await expect(strip(page).getByRole('img')).toHaveCount(2, MADE);
  await expect(page.getByRole('textbox', { name: 'Message' })).toHaveValue('half a thought');
  const { versions } = await studio.call('chats.get', { chatId: chat.id });
  const seeds = versions.filter(({ prompt }) => prompt === MANY_THINGS).map(({ seed }) => seed);
  expect(new Set(seeds).size).toBe(2);
});

test('described by the model: shown, in the recipe, and found by it in the library', async ({ desk }) => {
  const { page, studio, blue } = desk;
  await page.getByRole('button', { name: 'Describe it' }).click();
  const stored = async () => (await studio.call('versions.get', { versionId: blue.id })).caption;
  await expect.poll(stored, MADE).not.toBe('');
  const caption = await stored();
  await expect(page.locator('.check-panel')).toContainText(caption);
  await page.getByText('Recipe', { exact: true }).click();
  await expect(page.getByText('Described by the model')).toBeVisible();
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  await page.getByRole('searchbox').fill(`${caption.match(/[\p{L}]+/gu)!.join(' ')} ${blue.prompt}`);
  await expect(page.getByRole('option', { name: blue.prompt })).toBeVisible();
});

test(
  'a description that is kept is shown without asking the model; it is asked anew by click',
  BROWSER,
  async ({ desk }) => {
    const { page, studio, blue } = desk;
    const { caption } = await studio.call('versions.describe', { versionId: blue.id });
    let asked = 0;
    const count = ({ payload }: { payload: string | Buffer }) => {
      if (String(payload).includes('versions.describe')) asked += 1;
    };
    page.once('websocket', (socket) => socket.on('framesent', count));
    await page.reload();
    await page.getByRole('button', { name: 'Describe it' }).click();
    await expect(page.locator('.check-panel')).toContainText(caption);
    expect(asked).toBe(0);
    await page.getByRole('button', { name: 'Ask again' }).click();
    await expect.poll(() => asked).toBe(1);
    await expect(page.locator('.check-panel')).toContainText(caption, MADE);
  },
);

test('a question about a picture is answered in the thread', async ({ desk }) => {
  const { page, studio, chat, blue } = desk;
  await say(page, 'what colour is the disc?');
  await expect
    .poll(async () => (await studio.call('chats.get', { chatId: chat.id })).jobs[0]?.state, MADE)
    .toBe('done');
  const { jobs, turns } = await studio.call('chats.get', { chatId: chat.id });
  expect(jobs[0]).toMatchObject({ mode: 'ask', targetIds: [blue.id], failure: null });
  const answer = turns.find(({ role }) => role === 'tusk')!.text;
  if (answer.trim()) await expect(page.locator('.answer')).toContainText(answer.trim().slice(0, 10));
  const { models } = await studio.call('models.list', {});
  await page.getByRole('textbox', { name: 'Message' }).fill('and where is it?');
  await expect(page.getByText('answers each question on its own')).toHaveCount(
    models.find(({ inUse }) => inUse)!.holdsConversation === 'none' ? 1 : 0,
  );
  await page.getByRole('textbox', { name: 'Message' }).fill('draw a cat');
  await expect(page.getByText('answers each question on its own')).toHaveCount(0);
});

/** To be caught at work, and made anew in a moment. */
const ENOUGH_STEPS = 60;

test.afterEach(({ studio }) => studio.call('settings.set', { language: 'en' }));

test(
  'the engine is killed in the middle of a job: told, back by itself, one button asks for less memory',
  BROWSER,
  async ({ desk, tusk }) => {
    const { page, studio, chat } = desk;
    await setSteps(page, ENOUGH_STEPS);
    await say(page, 'draw a blue bell');
    await expect(page.getByRole('progressbar').first()).toHaveAttribute('aria-valuetext', /^Step \d/, MADE);
    process.kill(engineOf(tusk.process.pid!), 'SIGKILL');
    const card = page.locator('.thread').getByRole('alert');
    await expect(card).toContainText('The engine was ended from outside', MADE);
    await expect(page.getByRole('img', { name: 'The engine is ready' })).toBeVisible(MADE);
    await expect(card.getByRole('button', { name: 'Try again' })).toBeVisible();
    await studio.call('settings.set', { language: 'de' });
    await expect(card).toContainText('Die Engine wurde von außen beendet');
    await expect(
      card.getByRole('button', { name: 'Mit weniger Speicher versuchen: Teile nacheinander geladen' }),
    ).toBeVisible();
    await studio.call('settings.set', { language: 'en' });
    await card.getByRole('button', { name: 'Try with less memory: parts loaded one after another' }).click();
    await expect(page.getByRole('button', { name: 'Show: draw a blue bell' })).toBeVisible(MADE);
    await expect(card).toHaveCount(0);
    const { jobs } = await studio.call('chats.get', { chatId: chat.id });
    expect(jobs).toMatchObject([{ state: 'done', memory: { holding: 'staged', precision: 'source' } }]);
  },
);
