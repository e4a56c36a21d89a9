/** A second start of Tusk: without the lock it opens no file, no window and no process. */
import '../../helpers/use-fake-electron.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { app, calls, forks, state, windows } from '../../helpers/electron.ts';

test('without the lock it only quits', async () => {
  state.hasLock = false;
  await import('../../../electron/main.ts');
  await pause(0);
  assert.deepEqual(calls, [
    'app.enableSandbox',
    'protocol.register tusk',
    'app.setAppUserModelId',
    'app.requestSingleInstanceLock',
    'app.quit',
  ]);
  assert.deepEqual([forks.length, windows.length], [0, 0]);
  assert.equal(app.listenerCount('open-file'), 0);
});
