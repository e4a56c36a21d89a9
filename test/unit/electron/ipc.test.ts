/** The door between a page and the main process: who gets in, and with what. */
import '../../helpers/use-fake-electron.ts';
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { BridgeHandlers } from '../../../electron/ipc.ts';
import { FakeContents, handled } from '../../helpers/electron.ts';

const { serveBridge } = await import('../../../electron/ipc.ts');
const reached: unknown[][] = [];
const record =
  <A>(answer: A) =>
  async (...args: unknown[]): Promise<A> => {
    reached.push(args.slice(1));
    return answer;
  };

serveBridge({
  connect: record(undefined),
  openFiles: record([]),
  saveFile: record(true),
  chooseFolder: record(null),
  openExternal: record(true),
  copyText: record(undefined),
  dragOut: record(undefined),
} satisfies BridgeHandlers);

const page = new FakeContents();
const ours = { sender: page, senderFrame: page.mainFrame };
const call = (event: unknown, channel: string, ...args: unknown[]) =>
  (async () => handled.get(channel)!(event, ...args))();

beforeEach(() => {
  reached.length = 0;
  page.mainFrame.url = 'tusk://app/';
});

test('every call of the bridge has a handler, and nothing else', () => {
  const names = ['connect', 'openFiles', 'saveFile', 'chooseFolder', 'openExternal', 'copyText', 'dragOut'];
  assert.deepEqual([...handled.keys()], names);
});

test('our page is let in', async () => {
  assert.deepEqual(await call(ours, 'openFiles', 'pictures'), []);
  assert.deepEqual(reached, [['pictures']]);
});

test('a frame that is gone, an inner frame and other pages are refused, with the reason', async () => {
  const inner = { url: 'tusk://app/' };
  await assert.rejects(call({ sender: page, senderFrame: null }, 'connect'), /gone/);
  await assert.rejects(call({ sender: page, senderFrame: inner }, 'connect'), /main frame/);
  for (const url of ['about:blank', 'https://example.org/', 'tusk://other/', 'file:///index.html']) {
    page.mainFrame.url = url;
    await assert.rejects(call(ours, 'connect'), /only the page of Tusk/);
  }
  assert.deepEqual(reached, []);
});

const BAD: readonly (readonly [channel: string, ...args: unknown[]])[] = [
  ['connect', 1],
  ['openFiles'],
  ['openFiles', 'everything'],
  ['openFiles', {}],
  ['saveFile', { name: 'a.png', bytes: 'text' }],
  ['saveFile', { name: '', bytes: new Uint8Array() }],
  ['saveFile', { name: 'a.png', bytes: new Uint8Array(), path: '/etc/passwd' }],
  ['copyText', 'x'.repeat(1_000_001)],
  ['openExternal', {}],
  ['dragOut', '../../etc/passwd'],
  ['dragOut', 'abcdefgh', 'more'],
];

for (const [channel, ...args] of BAD)
  test(`${channel} refuses ${JSON.stringify(args).slice(0, 60)}`, async () => {
    await assert.rejects(call(ours, channel, ...args), new RegExp(`^Error: ${channel}`));
    assert.deepEqual(reached, []);
  });
