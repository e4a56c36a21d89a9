/** What the shell shows outside the page: menus, notifications, taskbar, updates, in the person's language. */
import '../../helpers/use-fake-electron.ts';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, mock, test } from 'node:test';
import type { ShellEvent } from '../../../engine/shell-protocol.ts';
import { settings } from '../../../engine/studio-protocol.ts';
import { autoUpdater, BrowserWindow, calls, nativeTheme, notifications } from '../../helpers/electron.ts';

const { Background } = await import('../../../electron/background.ts');
const { applySettings } = await import('../../../electron/settings.ts');
const { menuTemplate } = await import('../../../electron/menu.ts');
const { Updater } = await import('../../../electron/updater.ts');
const { keepWindowState, readWindowState } = await import('../../../electron/window-state.ts');
const { speak } = await import('../../../electron/words.ts');

const folder = mkdtempSync(join(tmpdir(), 'tusk-shell-'));
const window = new BrowserWindow({});
const asElectrons = window as unknown as Electron.BrowserWindow;

beforeEach(() => {
  speak('en');
  notifications.length = 0;
  calls.length = 0;
  window.progress.length = 0;
  window.focused = false;
});

type Job = Extract<ShellEvent, { event: 'job' }>['job'];
const job = (state: Job['state'], position = 0, mode: Job['mode'] = 'create') =>
  ({ id: 'abcdefgh', state, position, total: 20, mode, message: 'a red apple' }) as Job;

/** A job of so many seconds. */
function watch(seconds: number, end: Job['state'], mode?: Job['mode']): InstanceType<typeof Background> {
  mock.timers.enable({ apis: ['Date'] });
  const background = new Background(() => asElectrons);
  background.onJob(job('running', 5, mode));
  mock.timers.tick(seconds * 1000);
  background.onJob(job(end, 20, mode));
  mock.timers.reset();
  return background;
}

test('the taskbar shows the share that is done, and nothing afterwards', () => {
  watch(1, 'done');
  assert.deepEqual(window.progress, [0.25, -1]);
});

test('a long job that ends in the background is told, with its words', () => {
  watch(11, 'done');
  watch(11, 'done', 'ask');
  watch(11, 'failed');
  assert.deepEqual(notifications, [
    { title: 'The picture is ready', body: 'a red apple' },
    { title: 'The answer is there', body: 'a red apple' },
    { title: 'Something went wrong', body: 'a red apple' },
  ]);
});

test('a short one, a cancelled one, and one that is watched are not', () => {
  watch(9, 'done');
  watch(11, 'cancelled');
  window.focused = true;
  watch(11, 'done');
  assert.deepEqual(notifications, []);
});

const SETTINGS = settings.parse({ theme: 'dark', language: 'de', notifications: false });

test('settings reach theme, language and notifications; the menu is built anew once', () => {
  const background = new Background(() => asElectrons);
  const updater = new Updater(join(folder, 'none.yml'), () => {});
  const rebuild = mock.fn();
  const reached = { background, updater, onLanguage: rebuild };
  applySettings(SETTINGS, reached);
  applySettings(SETTINGS, reached);
  assert.equal(nativeTheme.themeSource, 'dark');
  assert.equal(background.isNotifying, false);
  assert.equal(rebuild.mock.callCount(), 1);
});

/** Every label of a menu, inner ones too. */
const labels = (items: Electron.MenuItemConstructorOptions[]): string[] =>
  items.flatMap(({ label, submenu, type }) => [
    ...(type === 'separator' ? [] : [label ?? '']),
    ...(Array.isArray(submenu) ? labels(submenu) : []),
  ]);

for (const isMac of [false, true])
  test(`every entry of the menu has words, in German others than in English${isMac ? ' (macOS)' : ''}`, () => {
    const menu = () => labels(menuTemplate({ isMac, devTools: true, send: () => {} }));
    const english = menu();
    speak('de');
    const german = menu();
    assert.equal(german.length, english.length);
    for (const label of [...english, ...german]) assert.match(label, /^[^.]{2,}$/);
    assert.deepEqual(
      german.filter((label, index) => label === english[index]),
      isMac ? ['Tusk'] : [],
    );
  });

test('both languages have the same words to say', () => {
  const keys = (language: string) => {
    const groups: Record<string, object> = JSON.parse(
      readFileSync(`electron/locales/${language}.json`, 'utf8'),
    );
    return Object.entries(groups).flatMap(([group, words]) =>
      Object.keys(words).map((key) => `${group}.${key}`),
    );
  };
  assert.deepEqual(keys('de'), keys('en'));
});

const notes: unknown[] = [];
function updaterWith(feed: string | undefined): InstanceType<typeof Updater> {
  notes.length = 0;
  const path = join(mkdtempSync(join(folder, 'feed-')), 'app-update.yml');
  if (feed !== undefined) writeFileSync(path, feed);
  return new Updater(path, (call) => notes.push(call));
}

test('the network is not touched until a person turns updates on, and then it stands in the ledger', () => {
  const updater = updaterWith('provider: generic\nurl: https://example.org/tusk\n');
  updater.turn(false);
  assert.deepEqual([calls, notes], [[], []]);
  updater.turn(true);
  updater.turn(true);
  assert.deepEqual(calls, ['update check']);
  assert.deepEqual(notes, [
    { address: 'https://example.org/tusk', why: 'Looking for a newer version', sizeBytes: 0 },
  ]);
  assert.equal(autoUpdater.autoDownload, false);
});

test('a newer version is offered in the language spoken, and downloaded only on a click', () => {
  const updater = updaterWith('owner: someone\nrepo: tusk\nprovider: github\n');
  speak('de');
  updater.turn(true);
  autoUpdater.emit('update-available', { version: '2.0.0', files: [{ size: 5 }] });
  assert.equal(notifications[0]!.title, 'Tusk 2.0.0 ist da');
  assert.deepEqual(calls, ['update check']);
  assert.match(JSON.stringify(notes), /github\.com\/someone\/tusk\/releases/);
});

test('a copy packed without an address says so when updates are turned on, not at each start', () => {
  const updater = updaterWith(undefined);
  updater.turn(true);
  assert.equal(notifications.length, 0);
  updater.turn(false);
  updater.turn(true);
  assert.match(notifications[0]!.title!, /does not know where/);
  assert.deepEqual(calls, []);
});

test('the window comes back where it was; a place off every screen, or nonsense, is forgotten', () => {
  const path = join(folder, 'window.json');
  keepWindowState(asElectrons, path);
  window.emit('close');
  assert.deepEqual(readWindowState(path), { x: 10, y: 20, width: 900, height: 700, isMaximized: false });
  const first = { width: 1280, height: 800 };
  writeFileSync(path, JSON.stringify({ x: 9000, y: 0, width: 900, height: 700, isMaximized: false }));
  assert.deepEqual(readWindowState(path), first);
  writeFileSync(path, '{"x":');
  assert.deepEqual(readWindowState(path), first);
});
