/** An engine that is there and does nothing more: noticed, ended, started again; its job is offered again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineIs, isPreview, openStudio, send } from '../../helpers/studio.ts';

/** An engine in good health gives a sign each second. */
const PATIENCE_MS = 8_000;

test('stopped in its tracks in the middle of a job', async () => {
  const { studio, jobIn, next, engines, events } = await openStudio(undefined, { patienceMs: PATIENCE_MS });
  await next(engineIs('ready'));
  const { jobs } = await send(studio, 'a red apple', { settings: { steps: 1_000, width: 32, height: 32 } });
  await next(isPreview);
  await studio.call('jobs.pause', { paused: true });
  events.length = 0;
  process.kill(engines[0]!.pid, 'SIGSTOP');
  const failed = await jobIn(jobs[0]!.id, 'failed');
  assert.deepEqual([failed.failure?.code, failed.seed], ['engine-hung', 7]);
  assert.match(failed.failure!.message, /stopped answering/);
  await next(engineIs('restarting'));
  await next(engineIs('ready'));
  assert.equal(engines.length, 2);
  assert.throws(() => process.kill(engines[0]!.pid, 0), { code: 'ESRCH' });
  await studio.call('jobs.retry', { jobId: failed.id });
  await studio.call('jobs.pause', { paused: false });
  await next(isPreview);
  await studio.close();
});
