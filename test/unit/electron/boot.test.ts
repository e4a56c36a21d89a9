/** main.ts itself, with a recorded Electron: the order of the boot. */
import '../../helpers/use-fake-electron.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { app, calls, permissions, windows } from '../../helpers/electron.ts';

test('sandbox and scheme before ready, the lock before any file, the lock-down before the window', async () => {
  await import('../../../electron/main.ts');
  await pause(0);
  assert.deepEqual(calls, [
    'app.enableSandbox',
    'protocol.register tusk',
    'app.setAppUserModelId',
    'app.requestSingleInstanceLock',
    'app.whenReady',
    'session.setDevicePermissionHandler',
    'protocol.handle tusk',
    'menu',
    'fork /app/dist/studio-process.js',
    'window',
  ]);
  assert.ok(permissions.request && permissions.check);
  assert.equal(app.listenerCount('web-contents-created'), 1);
  assert.deepEqual(windows[0]!.loaded, ['tusk://app/']);
});

test('a second start brings the one window forward', () => {
  calls.length = 0;
  app.emit('second-instance', {}, ['tusk']);
  assert.deepEqual(calls, ['window.show', 'window.focus']);
});
