/** Descriptions by the model: asked for, or made for each new picture while nothing else is to be done. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StudioEvent } from '../../../engine/studio-protocol.ts';
import { plainPng } from '../../helpers/library.ts';
import { openStudio, send } from '../../helpers/studio.ts';

type VersionEvent = Extract<StudioEvent, { event: 'version' }>;
const described =
  (id: string) =>
  (event: StudioEvent): event is VersionEvent =>
    event.event === 'version' && event.version.id === id && event.version.caption !== '';

/** Words as the search splits them: what the small checkpoint says is no language. */
const firstWord = (caption: string) => /[\p{L}\p{N}]+/u.exec(caption)?.[0] ?? '';

test('asked for: kept with the picture, found by the search, there after a new start, told to every window', async () => {
  const { studio, folder, next } = await openStudio();
  const bytes = await plainPng('#c02030', 32);
  const { id } = await studio.call('versions.import', { chatId: null, name: 'one.png', bytes });
  const { caption } = await studio.call('versions.describe', { versionId: id });
  assert.equal((await next(described(id))).version.caption, caption);
  const text = firstWord(caption);
  assert.notEqual(text, '', caption);
  assert.equal((await studio.call('library.list', { text })).versions[0]?.id, id);
  await assert.rejects(studio.call('versions.describe', { versionId: 'abcdefgh12' }), { code: 'not-found' });
  await studio.close();
  const again = await openStudio(folder);
  assert.equal((await again.studio.call('versions.get', { versionId: id })).caption, caption);
  assert.equal((await again.studio.call('library.list', { text })).total, 1);
  await again.studio.close();
});

test('turned on: each new picture is described once the queue is empty; off: none is', async () => {
  const { studio, jobIn, next, events } = await openStudio();
  const before = await jobIn((await send(studio, 'a red apple')).jobs[0]!.id, 'done');
  await studio.call('settings.set', { captions: true });
  const jobs = (await send(studio, 'a boat', { variations: 2 })).jobs;
  const done = await Promise.all(jobs.map(({ id }) => jobIn(id, 'done')));
  for (const { versionId } of done) await next(described(versionId!));
  const isDone = (event: StudioEvent) => event.event === 'job' && event.job.state === 'done';
  const lastDone = events.findLastIndex(isDone);
  assert.ok(events.findIndex(described(done[0]!.versionId!)) > lastDone, 'jobs come first');
  assert.equal((await studio.call('versions.get', { versionId: before.versionId! })).caption, '');
  await studio.close();
});
