/** Ctrl-C in each phase leaves no file; a killed engine is a typed error. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { TuskError } from '../../../engine/errors.ts';
import { spawnEngine } from '../../../engine/spawn.ts';
import { INTACT, linkedCheckpoint, removeFolder, replaceFile } from '../../helpers/checkpoint-folder.ts';
import { finished, onJsonEvent, startTusk, workFolder } from '../../helpers/tusk.ts';

/** A plan of few tokens, so that the phases behind it come soon. */
const PLAN = { sizes: [[512, 512]], pixels_per_token: 128, plan_guidance: 1, text_guidance: 1 };
/** Long enough that only a cancellation ends it. */
const LONG = { ...PLAN, steps: 1_000 };
/** Nothing but the decoding is left when its event comes. */
const SHORT = { ...PLAN, steps: 1 };

const PHASES: readonly (readonly [phase: string, settings: object])[] = [
  ['loading', LONG],
  ['reading', LONG],
  ['plan', LONG],
  ['step', LONG],
  ['decoding', SHORT],
];

for (const [phase, settings] of PHASES) {
  test(`Ctrl-C while ${phase}: exit 130, no file`, async () => {
    const checkpoint = await linkedCheckpoint();
    await replaceFile(checkpoint, 'tusk.json', JSON.stringify(settings));
    const folder = await workFolder();
    const args = ['create', 'a red apple', '--out', 'a.png', '--json', '--checkpoint', checkpoint];
    const child = startTusk(args, folder);
    onJsonEvent(child, phase, () => child.kill('SIGINT'));
    const { code, stderr } = await finished(child);
    assert.equal(code, 130, stderr);
    assert.match(stderr, /Cancelled/);
    assert.deepEqual(await readdir(folder), []);
    await Promise.all([folder, checkpoint].map(removeFolder));
  });
}

test('Ctrl-C before anything has begun ends the command', async () => {
  const folder = await workFolder();
  const child = startTusk(['chat', 'hello', '--checkpoint', INTACT], folder);
  child.once('spawn', () => child.kill('SIGINT'));
  assert.notEqual((await finished(child)).code, 0);
  assert.deepEqual(await readdir(folder), []);
  await removeFolder(folder);
});

test('killing the engine fails every pending request as engine-killed within a second', async () => {
  const engine = spawnEngine();
  let killedAt = 0;
  const params = { checkpoint: INTACT, prompt: 'a red apple', size: { width: 64, height: 64 }, steps: 1_000 };
  const running = engine.client.run('create', params, {
    onEvent: ({ event }) => {
      if (event !== 'step' || killedAt > 0) return;
      killedAt = performance.now();
      process.kill(engine.pid, 'SIGKILL');
    },
  });
  const waiting = engine.client.run('load', {});
  const isGone = (thrown: unknown) => thrown instanceof TuskError && thrown.code === 'engine-killed';
  await Promise.all([assert.rejects(running, isGone), assert.rejects(waiting, isGone)]);
  assert.ok(performance.now() - killedAt < 1_000);
  await assert.rejects(engine.client.run('load', {}), isGone);
});
