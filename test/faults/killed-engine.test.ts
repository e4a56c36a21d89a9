/** The engine killed in each phase of its work: told, back, and the same seed gives the same picture. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Job, StudioEvent } from '../../engine/studio-protocol.ts';
import { rounds } from '../helpers/rounds.ts';
import { openStudio, QUICK, send, type TestStudio } from '../helpers/studio.ts';

const ROUNDS = rounds(1, 20);
const SETTINGS = { steps: 6, width: 96, height: 96 };

let opened: TestStudio;
let whole: Uint8Array;

before(async () => {
  opened = await openStudio();
  whole = await picture(await made(await ask('create')));
});
after(() => opened.studio.close());

async function made(id: string): Promise<Job> {
  const job = await opened.jobIn(id, 'done', 'failed', 'parked');
  assert.equal(job.state, 'done', job.failure?.message);
  return job;
}

const picture = (job: Job): Promise<Uint8Array> => opened.studio.picture(job.versionId!);

/** @returns the job's id. */
async function ask(mode: Job['mode'], targetIds: string[] = [], settings = SETTINGS): Promise<string> {
  const { jobs } = await send(opened.studio, 'a red apple', { mode, targetIds, settings });
  return jobs[0]!.id;
}

/** As the system does it: nobody in Tusk has asked for its end. */
const kill = () => process.kill(opened.engines.at(-1)!.pid, 'SIGKILL');

/** Kills the engine the moment the job is in that stage. @returns how the job ended. */
async function killIn(stage: Job['stage'], id: string): Promise<Job> {
  const { next, jobIn } = opened;
  type Told = Extract<StudioEvent, { event: 'job' }>;
  const isThere = (event: StudioEvent): event is Told =>
    event.event === 'job' &&
    event.job.id === id &&
    event.job.stage === stage &&
    event.job.state === 'running';
  await next(isThere);
  kill();
  return jobIn(id, 'done', 'failed');
}

const PHASES = [
  ['create', 'loading'],
  ['create', 'planning'],
  ['create', 'denoising'],
  ['create', 'decoding'],
  ['create', 'saving'],
  ['edit', 'reading'],
  ['ask', 'answering'],
] as const;

for (const [mode, stage] of PHASES)
  test(`killed while ${stage} (${mode}), ${ROUNDS} times`, {
    timeout: rounds(120_000, 1_200_000),
  }, async () => {
    const { studio, engines } = opened;
    for (let round = 0; round < ROUNDS; round++) {
      const source = mode === 'create' ? [] : [(await studio.call('library.list', {})).versions[0]!.id];
      if (stage === 'loading') await engines.at(-1)!.stop();
      const id = await ask(mode, source);
      const waiting = await ask('create', [], QUICK);
      const count = engines.length;
      const ended = await killIn(stage, id);
      if (stage === 'saving') assert.equal(ended.state, 'done', 'the picture was there already');
      else if (ended.state === 'failed') {
        assert.deepEqual([ended.failure?.code, ended.seed], ['engine-killed', 7]);
        await studio.call('jobs.retry', { jobId: id });
      }
      opened.events.length = 0;
      const done = stage === 'saving' ? ended : await made(id);
      if (mode === 'create') assert.deepEqual(await picture(done), whole);
      await made(waiting);
      assert.ok(engines.length > count, 'the engine was started again');
      assert.deepEqual((await studio.call('studio.open', {})).jobs, []);
    }
  });

test('killed while nothing is asked of it: the next message is answered by a new one', async () => {
  const { engines } = opened;
  await engines.at(-1)!.stop();
  assert.deepEqual(await picture(await made(await ask('create'))), whole);
});
