/** Enlarging in the studio: a turn of the chat, a job, a version; stopped without a trace. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { plainPng } from '../../helpers/library.ts';
import { isPreview, openStudio, type TestStudio } from '../../helpers/studio.ts';

let opened: TestStudio;
before(async () => {
  opened = await openStudio();
});
after(() => opened.studio.close());

async function brought(side: number) {
  const { id: chatId } = await opened.studio.call('chats.create', {});
  const bytes = await plainPng('#2060a0', side);
  return { chatId, source: await opened.studio.call('versions.import', { chatId, name: 'a sea', bytes }) };
}

test('four times as large: told tile by tile, a child of its source, in the thread, not in the prompts', async () => {
  const { studio, jobIn, events } = opened;
  const { chatId, source } = await brought(140);
  const job = await studio.call('versions.upscale', { versionId: source.id, factor: 4, chatId });
  const { versionId } = await jobIn(job.id, 'done', 'failed');
  const version = await studio.call('versions.get', { versionId: versionId! });
  assert.deepEqual(
    [version.kind, version.parentId, version.width, version.height, version.prompt, version.settings.factor],
    ['upscale', source.id, 560, 560, 'a sea', 4],
  );
  const { width, height } = await sharp(await studio.picture(version.id)).metadata();
  assert.deepEqual([width, height], [560, 560]);
  const tiles = events.flatMap((event) =>
    event.event === 'job' && event.job.stage === 'enlarging' ? [event.job.position] : [],
  );
  assert.deepEqual([...new Set(tiles)], [1, 2, 3, 4]);
  assert.equal(events.filter(isPreview).length, 4);
  const { turns } = await studio.call('chats.get', { chatId });
  assert.deepEqual(
    turns.map(({ role, mode, text, versionIds }) => [role, mode, text, versionIds]),
    [
      ['person', 'upscale', 'a sea ×4', [source.id]],
      ['tusk', 'upscale', '', [version.id]],
    ],
  );
  assert.deepEqual((await studio.call('prompts.history', {})).prompts, []);
});

test('stopped: no draft, no version; retried it is made', async () => {
  const { studio, jobIn, next, events } = opened;
  const { chatId, source } = await brought(600);
  events.length = 0;
  const job = await studio.call('versions.upscale', { versionId: source.id, factor: 2, chatId });
  await next(isPreview);
  await studio.call('jobs.cancel', { jobId: job.id });
  assert.equal((await jobIn(job.id, 'cancelled')).versionId, null);
  assert.equal((await studio.call('chats.get', { chatId })).versions.length, 1);
  await studio.call('jobs.retry', { jobId: job.id });
  const { versionId } = await jobIn(job.id, 'done', 'failed');
  assert.equal((await studio.call('versions.get', { versionId: versionId! })).width, 1_200);
});

test('too large a result, no such picture or chat, and new words for it are refused in words', async () => {
  const { studio, jobIn } = opened;
  const { chatId, source } = await brought(8);
  const nothing = 'abcdefgh12';
  const refused = (params: object, code: string) =>
    assert.rejects(studio.call('versions.upscale', { versionId: source.id, factor: 2, chatId, ...params }), {
      code,
    });
  await refused({ versionId: nothing }, 'not-found');
  await refused({ chatId: nothing }, 'not-found');
  await refused({ factor: 3 }, 'bad-request');
  await studio.call('jobs.pause', { paused: true });
  const job = await studio.call('versions.upscale', { versionId: source.id, factor: 2, chatId });
  await assert.rejects(studio.call('jobs.update', { jobId: job.id, message: 'a boat' }), {
    code: 'unavailable',
  });
  await studio.call('jobs.pause', { paused: false });
  await jobIn(job.id, 'done');
});
