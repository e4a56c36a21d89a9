/** A clock that jumps, in either direction, changes no order, no time left, and nothing in the bin. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainPng } from '../helpers/library.ts';
import { openStudio, QUICK } from '../helpers/studio.ts';

const YEAR_MS = 365 * 86_400_000;

test('the clock set back and forth between messages', async (t) => {
  const { studio, jobIn, events } = await openStudio();
  const { id: chatId } = await studio.call('chats.create', {});
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const messages = ['first', 'second', 'third'];
  for (const [index, message] of messages.entries()) {
    t.mock.timers.setTime(Date.now() + (index % 2 ? -YEAR_MS : YEAR_MS));
    const request = { chatId, mode: 'create' as const, targetIds: [], settings: QUICK, seed: 7 };
    const { jobs } = await studio.call('jobs.submit', { ...request, message });
    assert.equal((await jobIn(jobs[0]!.id, 'done', 'failed')).state, 'done');
  }
  const { turns, versions } = await studio.call('chats.get', { chatId });
  const asked = turns.filter(({ role }) => role === 'person');
  assert.deepEqual(
    [...asked].sort((a, b) => a.createdAt - b.createdAt).map(({ text }) => text),
    messages,
  );
  assert.deepEqual(
    versions.map(({ prompt }) => prompt),
    messages,
  );
  const times = events.flatMap((event) => (event.event === 'job' ? [event.job.remainingMs ?? 0] : []));
  assert.ok(Math.max(...times) < 600_000, 'nobody is told that it takes a year');
  await studio.close();
});

test('what was deleted before the clock was set back still leaves the bin', async (t) => {
  const { studio } = await openStudio();
  const bytes = new Uint8Array(await plainPng('red'));
  const { id } = await studio.call('versions.import', { chatId: null, name: 'a.png', bytes });
  await studio.call('versions.delete', { versionIds: [id] });
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() - YEAR_MS });
  assert.deepEqual(await studio.call('library.emptyBin', {}), { deleted: 1 });
  await studio.close();
});
