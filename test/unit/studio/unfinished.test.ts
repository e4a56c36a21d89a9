/** Drafts: they are finished from where they stood, and what that needs is cleared away. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Job, StudioEvent, Version } from '../../../engine/studio-protocol.ts';
import { openStudio, send, type TestStudio } from '../../helpers/studio.ts';

const STEPS = 30;
const ID = /^[a-z0-9]+\.safetensors$/;
const SETTINGS = { settings: { steps: STEPS, width: 32, height: 32 } };

let opened: TestStudio;
before(async () => {
  opened = await openStudio();
});
after(() => opened.studio.close());

type JobEvent = Extract<StudioEvent, { event: 'job' }>;
const denoising =
  (id: string) =>
  (event: StudioEvent): event is JobEvent =>
    event.event === 'job' && event.job.id === id && event.job.stage === 'denoising';

const files = async () => (await readdir(join(opened.folder, 'unfinished'))).filter((name) => ID.test(name));

/** Stops at the first step that is seen, and waits for what the engine tells when it has stopped. */
async function stopped(job: Job): Promise<Version> {
  await opened.next(denoising(job.id));
  await opened.studio.call('jobs.cancel', { jobId: job.id });
  const { versionId } = await opened.jobIn(job.id, 'cancelled');
  while (!(await files()).includes(`${versionId}.safetensors`)) await setTimeout(10);
  opened.events.length = 0;
  return opened.studio.call('versions.get', { versionId: versionId! });
}

const film = async ({ id }: Version) =>
  (await opened.studio.call('versions.timelapse', { versionId: id, format: 'gif' })).bytes;

async function done(job: Job): Promise<Version> {
  const { versionId, failure } = await opened.jobIn(job.id, 'done', 'failed');
  assert.equal(failure, null);
  return opened.studio.call('versions.get', { versionId: versionId! });
}

test('a draft that was stopped twice becomes byte for byte the picture of an uninterrupted run', async () => {
  const { studio, events } = opened;
  const whole = await done((await send(studio, 'a red apple', SETTINGS)).jobs[0]!);
  events.length = 0;
  const { jobs, turn } = await send(studio, 'a red apple', SETTINGS);
  const first = await stopped(jobs[0]!);
  assert.deepEqual([first.kind, await files()], ['draft', [`${first.id}.safetensors`]]);

  const second = await stopped(await studio.call('jobs.finish', { versionId: first.id }));
  assert.deepEqual([second.kind, await files()], ['draft', [`${second.id}.safetensors`]]);
  assert.notEqual((await studio.call('versions.get', { versionId: first.id })).deletedAt, null);

  const last = await studio.call('jobs.finish', { versionId: second.id });
  const finished = await done(last);
  const begunAt = events.find(denoising(last.id))!.job.position;
  assert.ok(begunAt > 2, `it went on at step ${begunAt}`);
  assert.ok(!events.some((event) => event.event === 'job' && event.job.stage === 'planning'));
  assert.deepEqual(await studio.picture(finished.id), await studio.picture(whole.id));
  assert.deepEqual(await files(), []);

  const { turns } = await studio.call('chats.get', { chatId: turn.chatId });
  assert.deepEqual(turns[1]?.versionIds, [finished.id]);
  assert.deepEqual(await film(finished), await film(whole));
});

test('a draft thrown away for good takes with it what it needed', async () => {
  const { studio } = opened;
  const draft = await stopped((await send(studio, 'a boat', SETTINGS)).jobs[0]!);
  assert.deepEqual(await files(), [`${draft.id}.safetensors`]);
  await studio.call('versions.delete', { versionIds: [draft.id] });
  assert.equal((await files()).length, 1);
  await studio.call('library.emptyBin', {});
  assert.deepEqual(await files(), []);
});
