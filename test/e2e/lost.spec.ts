/** Nothing is lost in the window either: a reload in each stage of a job, a connection that breaks. */
import type { WebSocketRoute } from '@playwright/test';
import type { Job } from '../../engine/studio-protocol.ts';
import { rounds } from '../helpers/rounds.ts';
import type { StudioClient } from './studio.ts';
import { BROWSER, type Desk, engineOf, expect, say, test } from './tusk.ts';

const MADE = { timeout: 100_000 };
const RELOADS = rounds(1, 5);
const PHASES = [
  ['waiting', 'draw a red apple'],
  ['planning', 'draw a red apple'],
  ['denoising', 'draw a red apple'],
  ['decoding', 'draw a red apple'],
  ['saving', 'draw a red apple'],
  ['reading', 'make it green'],
] as const;

const untilIn = ({ studio }: Desk, stage: Job['stage'], message: string) =>
  new Promise<void>((resolve) => {
    const stop = studio.onEvent((event) => {
      if (event.event !== 'job' || event.job.message !== message) return;
      if (event.job.stage !== stage && event.job.state !== 'done') return;
      stop();
      resolve();
    });
  });

for (const [stage, words] of PHASES)
  test(`a reload while ${stage} (${words}): the picture is made once and shown`, async ({ desk }) => {
    const { page, studio, chat } = desk;
    test.setTimeout(rounds(120_000, 600_000));
    for (let reload = 0; reload < RELOADS; reload += 1) {
      const message = `${words} ${reload}`;
      const isThere = untilIn(desk, stage, message);
      await say(page, message);
      await isThere;
      await page.reload();
      await expect(page.getByRole('button', { name: `Show: ${message}` })).toBeVisible(MADE);
    }
    const { versions, turns } = await studio.call('chats.get', { chatId: chat.id });
    expect(versions.filter(({ prompt }) => prompt.startsWith(words))).toHaveLength(RELOADS);
    expect(turns).toHaveLength(2 * RELOADS);
  });

test('a reload while it answers: the answer is there once', async ({ desk }) => {
  const { page, studio, chat } = desk;
  test.setTimeout(rounds(120_000, 600_000));
  for (let reload = 0; reload < RELOADS; reload += 1) {
    const message = `what is in this picture ${reload}?`;
    const isThere = untilIn(desk, 'answering', message);
    await say(page, message);
    await isThere;
    await page.reload();
    await expect(page.locator('.exchange', { hasText: message }).locator('.answer')).not.toBeEmpty(MADE);
  }
  const { turns } = await studio.call('chats.get', { chatId: chat.id });
  expect(turns).toHaveLength(2 * RELOADS);
});

test(
  'after a reload the last preview and the stage are there at once, in thread and canvas',
  BROWSER,
  async ({ desk, tusk }) => {
    const { page } = desk;
    await page.getByRole('button', { name: 'More settings' }).click();
    await page.getByRole('spinbutton', { name: 'Steps' }).fill('60');
    await page.getByRole('button', { name: 'More settings' }).click();
    const isThere = untilIn(desk, 'denoising', 'draw a blue bell');
    await say(page, 'draw a blue bell');
    await isThere;
    const engine = engineOf(tusk.process.pid!);
    process.kill(engine, 'SIGSTOP');
    try {
      await page.reload();
      await expect(page.getByRole('progressbar').first()).toHaveAttribute(
        'aria-valuetext',
        /^Step [0-9]+ of 60/,
      );
      const previews = page.getByRole('img', { name: 'draw a blue bell' }).locator('img[src^="blob:"]');
      await expect(previews).toHaveCount(2);
    } finally {
      process.kill(engine, 'SIGCONT');
    }
    await expect(page.getByRole('button', { name: 'Show: draw a blue bell' })).toBeVisible(MADE);
  },
);

test(
  'a connection that breaks comes back by itself, with what was made meanwhile',
  BROWSER,
  async ({ home, studio }) => {
    let route: WebSocketRoute | undefined;
    let isCut = false;
    await home.routeWebSocket(/\/studio$/, (socket) => {
      if (isCut) return void socket.close();
      route = socket;
      socket.connectToServer();
    });
    await home.reload();
    const message = 'draw a green frog, unseen';
    await say(home, message);
    await expect(home.getByRole('progressbar').first()).toBeVisible();
    const isDone = new Promise<void>((resolve) => {
      studio.onEvent((event) => {
        if (event.event === 'job' && event.job.message === message && event.job.state === 'done') resolve();
      });
    });
    isCut = true;
    await route!.close();
    await expect(home.getByRole('status').filter({ hasText: /connection/i })).toBeVisible();
    await isDone;
    isCut = false;
    await expect(home.getByRole('button', { name: `Show: ${message}` })).toBeVisible(MADE);
    await expect(home.getByRole('progressbar')).toHaveCount(0);
  },
);

test(
  'without a connection a message is kept, said to be, and sent when it is back',
  BROWSER,
  async ({ home, studio }) => {
    const routes: WebSocketRoute[] = [];
    let isCut = false;
    await home.routeWebSocket(/\/studio$/, (socket) => {
      if (isCut) return void socket.close();
      routes.push(socket);
      socket.connectToServer();
    });
    await home.reload();
    await studio.call('jobs.pause', { paused: true });
    await expect(home.getByRole('region', { name: 'Queue' })).toBeVisible();
    isCut = true;
    await routes.at(-1)!.close();
    await expect(home.getByRole('status').filter({ hasText: /connection/i })).toBeVisible();
    const message = 'draw a green star, offline';
    await say(home, message);
    isCut = false;
    await expect(home.getByRole('alert').filter({ hasText: /on its way is sent/ })).toBeVisible();
    await expect(home.getByRole('region', { name: 'Queue' })).toContainText(message);
    await expect(home.getByRole('textbox', { name: 'Message' })).toHaveValue('');
    expect(await askedFor(studio, message)).toBe(1);
  },
);

test(
  'what is said in a new chat before it is made goes into that chat, in its order, after a reload too',
  BROWSER,
  async ({ home, studio }) => {
    let isMute = false;
    await home.routeWebSocket(/\/studio$/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((frame) => {
        if (!isMute || !frame.toString().includes('"chats.create"')) server.send(frame);
      });
    });
    const other = await studio.call('chats.create', { title: 'An older chat' });
    await studio.call('jobs.pause', { paused: true });
    await home.evaluate((id) => sessionStorage.setItem('tusk-chat', id), other.id);
    await home.reload();
    await expect(home.getByRole('heading', { name: 'An older chat' })).toBeVisible();
    await home.keyboard.press('Alt+N');
    isMute = true;
    const messages = ['draw a red star in a new chat', 'draw a blue star beside it'];
    for (const message of messages) {
      await say(home, message);
      await expect(home.getByRole('textbox', { name: 'Message' })).toHaveValue('');
    }
    isMute = false;
    await home.reload();
    await expect(home.getByRole('heading', { name: messages[0]! })).toBeVisible();
    await expect(home.getByRole('region', { name: 'Queue' })).toContainText(messages[1]!);
    const { jobs } = await studio.call('studio.open', {});
    const asked = jobs.filter(({ message }) => messages.includes(message));
    expect(asked.map(({ message }) => message)).toEqual(messages);
    expect(new Set(asked.map(({ chatId }) => chatId)).size).toBe(1);
    expect((await studio.call('chats.get', { chatId: other.id })).turns).toEqual([]);
  },
);

const UNHEARD: [when: string, isDropped: (frame: string) => boolean][] = [
  ['before it arrived', () => true],
  ['after it arrived', (frame) => frame.includes('"turn":{') && frame.includes('"answer":')],
];

for (const [when, isDropped] of UNHEARD)
  test(`a message cut off by a reload ${when} is sent once`, BROWSER, async ({ home, studio }) => {
    let isMute = false;
    await home.routeWebSocket(/\/studio$/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((frame) => {
        if (!isMute || !isDropped(frame.toString())) socket.send(frame);
      });
    });
    await home.reload();
    await studio.call('jobs.pause', { paused: true });
    isMute = true;
    const message = `draw a red star, cut off ${when}`;
    await say(home, message);
    await expect(home.getByRole('textbox', { name: 'Message' })).toHaveValue('');
    if (when.startsWith('after')) await expect.poll(async () => askedFor(studio, message)).toBe(1);
    isMute = false;
    await home.reload();
    await expect(home.getByRole('region', { name: 'Queue' })).toContainText(message);
    await expect(home.getByRole('textbox', { name: 'Message' })).toHaveValue('');
    expect(await askedFor(studio, message)).toBe(1);
    await home.reload();
    await expect(home.getByRole('region', { name: 'Queue' })).toContainText(message);
    expect(await askedFor(studio, message)).toBe(1);
  });

async function askedFor(studio: StudioClient, message: string): Promise<number> {
  const { jobs } = await studio.call('studio.open', {});
  return jobs.filter((job) => job.message === message).length;
}

for (const isOpen of [true, false]) {
  const when = isOpen ? '' : ', once, also while the page is still connecting';
  test(
    `a message that is refused comes back before what was written since${when}`,
    BROWSER,
    async ({ home }) => {
      const held: (() => void)[] = [];
      let isHeld = !isOpen;
      await home.routeWebSocket(/\/studio$/, (socket) => {
        socket.connectToServer().onMessage((frame) => {
          if (isHeld) held.push(() => socket.send(frame));
          else socket.send(frame);
        });
      });
      await home.reload();
      const field = home.getByRole('textbox', { name: 'Message' });
      if (isOpen) await home.getByRole('img', { name: 'The engine is ready' }).waitFor();
      const tooLong = 'x'.repeat(20_001);
      isHeld = true;
      await say(home, tooLong);
      await expect(field).toHaveValue('');
      await field.fill('the next thought');
      isHeld = false;
      for (const send of held) send();
      await expect(field).toHaveValue(`${tooLong}\nthe next thought`);
      await field.fill('');
    },
  );
}
