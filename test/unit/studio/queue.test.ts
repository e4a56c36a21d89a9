import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { Library } from '../../../engine/library/library.ts';
import { NICENESS } from '../../../engine/studio/give-way.ts';
import type { StudioEvent } from '../../../engine/studio-protocol.ts';
import { libraryFolder, plainPng } from '../../helpers/library.ts';
import { engineIs, isPreview, openStudio, send } from '../../helpers/studio.ts';

test('a message becomes a picture in the chat, with its recipe, found by its words', async () => {
  const { studio, jobIn, events } = await openStudio();
  const { turn, jobs } = await send(studio, 'a red apple');
  const done = await jobIn(jobs[0]!.id, 'done', 'failed');
  assert.equal(done.state, 'done');
  const { turns, versions } = await studio.call('chats.get', { chatId: turn.chatId });
  assert.deepEqual(
    turns.map(({ role, text, replyToId }) => [role, text, replyToId]),
    [
      ['person', 'a red apple', null],
      ['tusk', '', turn.id],
    ],
  );
  assert.deepEqual(turns[1]?.versionIds, [done.versionId]);
  assert.deepEqual([versions[0]?.seed, versions[0]?.settings.steps, versions[0]?.width], [7, 2, 32]);
  assert.equal((await studio.call('library.list', { text: 'app' })).total, 1);
  const stages = new Set(events.filter((e) => e.event === 'job').map(({ job }) => job.stage));
  for (const stage of ['planning', 'denoising', 'decoding', 'saving'] as const)
    assert.ok(stages.has(stage), stage);
  const film = await studio.call('versions.timelapse', { versionId: done.versionId!, format: 'gif' });
  assert.equal(Buffer.from(film.bytes).toString('latin1', 0, 3), 'GIF');
  await studio.close();
});

test('a message that comes twice, as after a reload before the answer, is taken once', async () => {
  const { studio, jobIn } = await openStudio();
  const turnId = 'a1b2c3d4e5f6';
  const first = await send(studio, 'a red apple', { turnId, variations: 2 });
  assert.equal(first.turn.id, turnId);
  const again = await send(studio, 'a red apple', { turnId, variations: 2, chatId: first.turn.chatId });
  assert.deepEqual(again.turn, first.turn);
  const ids = ({ jobs }: typeof first) => jobs.map(({ id }) => id);
  assert.deepEqual(ids(again), ids(first));
  for (const { id } of first.jobs) await jobIn(id, 'done');
  const { turns, versions } = await studio.call('chats.get', { chatId: first.turn.chatId });
  assert.deepEqual([turns.length, versions.length], [2, 2]);
  await studio.close();
});

test('a chat that is asked for twice is made once, and keeps its title', async () => {
  const { studio } = await openStudio();
  const chatId = 'a1b2c3d4e5f6';
  const first = await studio.call('chats.create', { chatId, title: 'Apples' });
  assert.equal(first.id, chatId);
  assert.deepEqual(await studio.call('chats.create', { chatId }), first);
  assert.equal((await studio.call('studio.open', {})).chats.length, 1);
  await studio.close();
});

test('cancelled: told at once, the last preview stays as a draft, finish makes the picture in its place', async () => {
  const { studio, jobIn, next } = await openStudio();
  const { turn, jobs } = await send(studio, 'a red apple', {
    settings: { steps: 400, width: 32, height: 32 },
  });
  await next(isPreview);
  await studio.call('jobs.cancel', { jobId: jobs[0]!.id });
  const cancelled = await jobIn(jobs[0]!.id, 'cancelled');
  const draft = await studio.call('versions.get', { versionId: cancelled.versionId! });
  assert.deepEqual([draft.kind, draft.width, draft.seed], ['draft', 32, 7]);
  const job = await studio.call('jobs.finish', { versionId: draft.id });
  assert.deepEqual([job.seed, job.message], [7, 'a red apple']);
  await studio.call('jobs.cancel', { jobId: job.id });
  const { turns } = await studio.call('chats.get', { chatId: turn.chatId });
  assert.ok(turns[1]?.versionIds.includes(draft.id));
  await studio.close();
});

/** Of a small model: as it is, its parts loaded one after the other. */
const STAGED = { holding: 'staged', precision: 'source' } as const;

/** What is promised: from the end of its process to the window. */
const TOLD_WITHIN_MS = 1_000;

test('the engine killed at work: told within a second, back, the queue whole, the third loss parks the job', async () => {
  const { studio, jobIn, next, engines, events } = await openStudio();
  await next(engineIs('ready'));
  const { jobs } = await send(studio, 'a red apple', { settings: { steps: 1_000, width: 32, height: 32 } });
  const waiting = await send(studio, 'a boat');
  for (const state of ['failed', 'failed', 'parked'] as const) {
    const count = engines.length;
    await next(isPreview);
    await studio.call('jobs.pause', { paused: true });
    events.length = 0;
    const killedAt = performance.now();
    process.kill(engines.at(-1)!.pid, 'SIGKILL');
    const lost = await jobIn(jobs[0]!.id, 'failed', 'parked');
    assert.ok(performance.now() - killedAt < TOLD_WITHIN_MS);
    assert.deepEqual([lost.state, lost.seed, lost.failure?.code], [state, 7, 'engine-killed']);
    await next(engineIs('restarting'));
    await next(engineIs('ready'));
    assert.equal(engines.length, count + 1);
    if (state === 'parked') break;
    // A preview of the lost engine may have come after its death.
    events.length = 0;
    await studio.call('jobs.retry', { jobId: lost.id });
    await studio.call('jobs.pause', { paused: false });
  }
  await studio.call('jobs.pause', { paused: false });
  assert.equal((await jobIn(waiting.jobs[0]!.id, 'done')).seed, 7);
  await studio.close();
});

test('an engine killed at work: its failure carries what asks for less memory, and again as that it is made', async () => {
  const { studio, jobIn, next, engines } = await openStudio();
  const { jobs } = await send(studio, 'a red apple', { settings: { steps: 200, width: 32, height: 32 } });
  await next(isPreview);
  process.kill(engines.at(-1)!.pid, 'SIGKILL');
  const { id, failure } = await jobIn(jobs[0]!.id, 'failed');
  assert.deepEqual([failure?.code, failure?.next], ['engine-killed', { memory: STAGED }]);
  const again = await studio.call('jobs.retry', { jobId: id, smaller: true });
  assert.deepEqual(again.memory, STAGED);
  assert.deepEqual((await jobIn(id, 'done')).memory, STAGED);
  await studio.close();
});

test('an engine that Tusk itself ends, or that ends itself, was not killed: nothing smaller is offered', async () => {
  const { studio, jobIn, next, engines, events } = await openStudio();
  const { jobs } = await send(studio, 'a red apple', { settings: { steps: 1_000, width: 32, height: 32 } });
  for (const end of [() => void engines.at(-1)!.stop(), () => process.kill(engines.at(-1)!.pid, 'SIGABRT')]) {
    await next(isPreview);
    events.length = 0;
    end();
    const { id, failure } = await jobIn(jobs[0]!.id, 'failed');
    assert.deepEqual([failure?.code, failure?.next], ['engine-gone', undefined]);
    events.length = 0;
    await studio.call('jobs.retry', { jobId: id });
  }
  await studio.close();
});

test('the studio killed: what was acknowledged is there, in order, and runs', async () => {
  const folder = await libraryFolder();
  const child = fork('test/helpers/submit-and-wait.ts', [folder], { execArgv: ['--import', 'tsx'] });
  const [ids] = (await once(child, 'message')) as [string[]];
  child.kill('SIGKILL');
  await once(child, 'exit');
  const { studio, jobIn } = await openStudio(folder);
  const { jobs } = await studio.call('studio.open', {});
  assert.deepEqual(
    jobs.map(({ id }) => id),
    ids,
  );
  assert.equal((await jobIn(ids[0]!, 'done')).state, 'done');
  await studio.close();
});

test('queued jobs are reworded, reordered and dropped; variations have seeds of their own', async () => {
  const { studio } = await openStudio();
  await studio.call('jobs.pause', { paused: true });
  const { turn, jobs } = await send(studio, 'a red apple', { variations: 4 });
  assert.deepEqual(
    jobs.map(({ seed }) => seed),
    [7, 8, 9, 10],
  );
  const single = await send(studio, 'a boat', { first: true });
  await studio.call('jobs.update', { jobId: single.jobs[0]!.id, message: 'a ship' });
  await studio.call('jobs.cancel', { jobId: jobs[1]!.id });
  await studio.call('jobs.reorder', { jobIds: [jobs[3]!.id, single.jobs[0]!.id] });
  const open = await studio.call('studio.open', {});
  assert.deepEqual(
    open.jobs.map(({ message, seed }) => [message, seed]),
    [
      ['a red apple', 10],
      ['a ship', 7],
      ['a red apple', 7],
      ['a red apple', 9],
    ],
  );
  assert.equal((await studio.call('chats.get', { chatId: turn.chatId })).chat.title, 'a red apple');
  await studio.call('jobs.cancelAll', {});
  assert.deepEqual((await studio.call('studio.open', {})).jobs, []);
  await studio.close();
});

test('messages that can not be run are refused before anything is stored', async () => {
  const { studio } = await openStudio();
  await studio.call('jobs.pause', { paused: true });
  for (const [change, code] of [
    [{ message: '' }, 'bad-prompt'],
    [{ message: 'x'.repeat(100_000) }, 'bad-prompt'],
    [{ message: 'a\0b' }, 'bad-prompt'],
    [{ message: 'a\ud800b' }, 'bad-prompt'],
    [{ message: 'x'.repeat(2 ** 20) }, 'bad-request'],
    [{ settings: { negative: 'a\0b' } }, 'bad-prompt'],
    [{ settings: { negative: '\udc00' } }, 'bad-prompt'],
    [{ settings: { negative: 'x'.repeat(100_000) }, message: 'a boat' }, 'bad-prompt'],
    [{ seed: -1 }, 'bad-request'],
    [{ seed: 2 ** 53 }, 'bad-request'],
    [{ settings: { steps: 0 } }, 'bad-request'],
    [{ settings: { steps: 1e9 } }, 'bad-request'],
    [{ variations: 1e6 }, 'bad-request'],
    [{ mode: 'edit' }, 'bad-request'],
    [{ mode: 'edit', targetIds: ['abcdefgh12'] }, 'not-found'],
  ] as const)
    await assert.rejects(send(studio, 'a red apple', change), { code }, JSON.stringify(change).slice(0, 60));
  assert.deepEqual((await studio.call('studio.open', {})).jobs, []);
  await studio.close();
});

type Told = Extract<StudioEvent, { event: 'job' }>;

test('cancelled while it is being saved: it is made already, no draft beside it', async () => {
  const { studio, next, jobIn, events } = await openStudio();
  const { turn, jobs } = await send(studio, 'a red apple');
  const isSaved = (event: StudioEvent): event is Told =>
    event.event === 'job' && event.job.stage === 'saving';
  await new Promise<void>((resolve) => {
    studio.subscribe((event) => {
      if (isSaved(event) && event.job.state === 'running')
        resolve(void studio.call('jobs.cancel', { jobId: jobs[0]!.id }));
    });
  });
  await jobIn(jobs[0]!.id, 'done');
  await next(
    (event): event is Extract<StudioEvent, { event: 'jobs' }> =>
      event.event === 'jobs' && event.order.length === 0,
  );
  assert.deepEqual(
    events.flatMap((event) => (event.event === 'version' ? [event.version.kind] : [])),
    ['create'],
  );
  const { jobs: after } = await studio.call('chats.get', { chatId: turn.chatId });
  assert.equal(after[0]?.state, 'done');
  await studio.close();
});

test('an engine that keeps stopping is left alone; another model chosen starts it again', async () => {
  const { studio, next, engines, events } = await openStudio();
  for (let loss = 0; loss < 5; loss++) {
    await next(engineIs('ready'));
    events.length = 0;
    await engines.at(-1)!.stop();
  }
  await next(engineIs('failed'));
  const count = engines.length;
  events.length = 0;
  await studio.call('models.use', { modelId: 'embedded' });
  assert.equal((await next(engineIs('ready'))).failure, null);
  assert.equal(engines.length, count + 1);
  await studio.close();
});

test('settings of another Tusk: what is unknown counts as not set, the rest holds', async () => {
  const folder = await libraryFolder();
  const library = await Library.open(folder);
  library.values.setSetting('settings', {
    theme: 'neon',
    preset: 7,
    tourSeen: true,
    sendKey: 'enter',
    later: 1,
  });
  library.close();
  const { studio } = await openStudio(folder);
  const { settings } = await studio.call('studio.open', {});
  assert.deepEqual(
    [settings.theme, settings.preset, settings.tourSeen, settings.sendKey],
    ['system', 'balanced', true, 'enter'],
  );
  await studio.close();
});

test('a picture restored while the bin is emptied: told that it is gone, or kept, never both', async () => {
  const { studio } = await openStudio();
  const bytes = new Uint8Array(await plainPng('red'));
  const add = async () => (await studio.call('versions.import', { chatId: null, name: 'a.png', bytes })).id;
  const ids = [await add(), await add(), await add()];
  await studio.call('versions.delete', { versionIds: ids });
  const emptied = studio.call('library.emptyBin', {});
  await assert.rejects(studio.call('versions.restore', { versionIds: [ids[2]!] }), { code: 'not-found' });
  assert.deepEqual(await emptied, { deleted: 3 });
  await studio.close();
});

test('the engine gives way to all else; the studio itself does not', async () => {
  const before = getPriority();
  const { studio, next, engines } = await openStudio();
  await next(engineIs('ready'));
  assert.equal(getPriority(engines[0]!.pid), NICENESS);
  assert.equal(getPriority(), before);
  await studio.close();
});
