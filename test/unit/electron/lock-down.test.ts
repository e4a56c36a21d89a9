/** Settings that must hold, read from the real configuration objects. */
import '../../helpers/use-fake-electron.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BrowserWindow,
  FakeContents,
  opened,
  permissions,
  session,
  windows,
} from '../../helpers/electron.ts';

const { openWindow, webPreferences } = await import('../../../electron/window.ts');
const { denyPermissions, lockDown } = await import('../../../electron/lock-down.ts');
const { openExternal } = await import('../../../electron/external.ts');
const { SCHEMES } = await import('../../../electron/scheme.ts');
const { menuTemplate } = await import('../../../electron/menu.ts');

test('web preferences are frozen, isolated and sandboxed', () => {
  const preferences = webPreferences('/preload.cjs', false);
  assert.ok(Object.isFrozen(preferences));
  assert.deepEqual(preferences, {
    preload: '/preload.cjs',
    devTools: false,
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false,
  });
});

test('there is one privileged scheme, with the least it needs', () => {
  assert.deepEqual(SCHEMES, [
    { scheme: 'tusk', privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
});

for (const name of ['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview'])
  test(`${name} is refused`, () => {
    const contents = new FakeContents();
    lockDown(contents.asContents());
    let prevented = false;
    contents.emit(name, { preventDefault: () => (prevented = true), url: 'tusk://app/' });
    assert.ok(prevented);
  });

test('new windows are refused; an https address goes to the browser', () => {
  const contents = new FakeContents();
  lockDown(contents.asContents());
  const open = (url: string) => contents.openHandler({ url } as Electron.HandlerDetails).action;
  opened.length = 0;
  assert.deepEqual(['https://example.org/a', 'file:///etc/passwd', 'about:blank'].map(open), [
    'deny',
    'deny',
    'deny',
  ]);
  assert.deepEqual(opened, ['https://example.org/a']);
});

for (const address of [
  'http://example.org',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'smb://host/share',
  'https://user:secret@example.org',
  'ms-settings:',
  'not an address',
  '',
])
  test(`openExternal refuses "${address}"`, async () => {
    opened.length = 0;
    assert.equal(await openExternal(address), false);
    assert.deepEqual(opened, []);
  });

for (const permission of ['media', 'notifications', 'clipboard-read', 'fullscreen', 'openExternal'] as const)
  test(`permission ${permission} is denied, asked for and checked`, () => {
    denyPermissions(session.defaultSession as unknown as Electron.Session);
    const answers: boolean[] = [];
    permissions.request!(
      {} as Electron.WebContents,
      permission,
      (granted) => answers.push(granted),
      {} as never,
    );
    assert.deepEqual(answers, [false]);
    assert.equal(permissions.check!(null, permission, 'tusk://app/', {} as never), false);
  });

test('no device is handed out', () => {
  denyPermissions(session.defaultSession as unknown as Electron.Session);
  for (const deviceType of ['hid', 'serial', 'usb'] as const)
    assert.equal(permissions.device!({ deviceType, origin: 'tusk://app/', device: {} as never }), false);
});

test('a window that went to a blank page is brought back; on its own page it stays', () => {
  const window = openWindow({ preload: '/preload.cjs', icon: '', statePath: '/none', devTools: false });
  const { loaded, webContents } = window as unknown as BrowserWindow;
  webContents.emit('did-navigate', {}, 'tusk://app/');
  assert.deepEqual(loaded, ['tusk://app/']);
  webContents.emit('did-navigate', {}, 'about:blank');
  assert.deepEqual(loaded, ['tusk://app/', 'tusk://app/']);
});

test('the window is made with those preferences', () => {
  openWindow({ preload: '/preload.cjs', icon: '', statePath: '/none', devTools: false });
  assert.deepEqual(windows.at(-1)!.options.webPreferences, webPreferences('/preload.cjs', false));
});

test("the menu has developer's tools only while Tusk is developed", () => {
  const has = (devTools: boolean) =>
    JSON.stringify(menuTemplate({ isMac: false, devTools, send: () => {} })).includes('toggleDevTools');
  assert.deepEqual([has(true), has(false)], [true, false]);
});
