/** A picture that doesn't fit the memory: the failure says what would, and the job is done again that way. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openStudio, send } from '../../helpers/studio.ts';

before(() => {
  process.env.TUSK_MEMORY = '260MB';
});

test('refused for its size: the failure carries a smaller one, also after a restart; again it has the same seed', async () => {
  const settings = { steps: 1, width: 2_048, height: 2_048 };
  const { studio, folder, jobIn } = await openStudio();
  const { turn, jobs } = await send(studio, 'a red apple', { settings });
  const refused = await jobIn(jobs[0]!.id, 'failed', 'done');
  const next = refused.failure?.next;
  assert.deepEqual([refused.state, refused.failure?.code], ['failed', 'out-of-memory']);
  assert.ok(next?.size && next.size.width < 2_048);
  await studio.close();

  const later = await openStudio(folder);
  const told = (await later.studio.call('studio.open', {})).jobs[0]!;
  assert.deepEqual(told.failure?.next, next);
  const again = await later.studio.call('jobs.retry', { jobId: told.id, smaller: true });
  assert.deepEqual([again.id, again.message, again.seed], [told.id, 'a red apple', 7]);
  assert.deepEqual([again.memory, again.settings], [next.memory, { ...settings, ...next.size }]);
  const done = await later.jobIn(told.id, 'done', 'failed');
  assert.deepEqual([done.state, done.failure], ['done', null]);
  const { versions } = await later.studio.call('chats.get', { chatId: turn.chatId });
  assert.deepEqual([versions[0]?.seed, versions[0]?.width], [7, next.size.width]);
  await later.studio.close();
});

test('asked for again as it was, it is refused again', async () => {
  const { studio, jobIn, events } = await openStudio();
  const { jobs } = await send(studio, 'a red apple', { settings: { steps: 1, width: 2_048, height: 2_048 } });
  await jobIn(jobs[0]!.id, 'failed');
  events.length = 0;
  const again = await studio.call('jobs.retry', { jobId: jobs[0]!.id });
  assert.equal(again.settings.width, 2_048);
  assert.equal((await jobIn(again.id, 'failed', 'done')).failure?.code, 'out-of-memory');
  await studio.close();
});
