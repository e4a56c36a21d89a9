/** How a process ended is told apart: by itself, by its client, or killed by neither. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SpawnedEngine, spawnEngine } from '../../engine/spawn.ts';
import { ShellEngines } from '../../engine/studio/shell-engines.ts';

/** Says nothing, so that what it is asked for stays owed. */
const SILENT = 'test/helpers/silent-engine.mjs';

async function codeAfter(end: (engine: SpawnedEngine) => void, engine: SpawnedEngine): Promise<string> {
  const owed = engine.client.run('load', {}).then(
    () => 'done',
    ({ code }) => code as string,
  );
  end(engine);
  return owed;
}

test('a killed engine is told apart from one that was stopped or ended itself', async () => {
  const killed = ({ pid }: SpawnedEngine) => void process.kill(pid, 'SIGKILL');
  const aborted = ({ pid }: SpawnedEngine) => void process.kill(pid, 'SIGABRT');
  const stopped = (engine: SpawnedEngine) => void engine.stop();
  assert.equal(await codeAfter(killed, spawnEngine({}, SILENT)), 'engine-killed');
  assert.equal(await codeAfter(aborted, spawnEngine({}, SILENT)), 'engine-gone');
  assert.equal(await codeAfter(stopped, spawnEngine({}, SILENT)), 'engine-gone');
});

test('the desktop shell tells it by an exit code or the number of a signal', async () => {
  const engines = new ShellEngines(() => {});
  for (const [index, [code, told]] of [
    [9, 'engine-killed'],
    [137, 'engine-killed'],
    [1, 'engine-gone'],
  ].entries())
    assert.equal(await codeAfter(() => engines.gone(index + 1, code as number), engines.spawn()), told);
  const last = engines.spawn();
  assert.equal(
    await codeAfter(() => {
      void last.stop();
      engines.gone(4, 9);
    }, last),
    'engine-gone',
  );
});
