/**
 * Plans of memory are acted on: high-water marks of engines that make one picture with a synthesized checkpoint, and
 * what they say where a picture doesn't fit.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TuskError } from '../../engine/errors.ts';
import type { CheckpointInfo, ParamsInput, Progress } from '../../engine/protocol.ts';
import { spawnEngine } from '../../engine/spawn.ts';
import { peakMemory } from '../bench/memory.ts';
import { SHORT_RUN, scaleTo, synthesize } from '../bench/synthesize.ts';
import { INTACT } from '../helpers/checkpoint-folder.ts';

let parent: string;
let checkpoint: string;
before(async () => {
  parent = await mkdtemp(join(tmpdir(), 'tusk-memory-'));
  checkpoint = join(parent, 'model');
  process.env.XDG_CACHE_HOME = join(parent, 'cache');
  await synthesize(checkpoint, scaleTo(0.4), SHORT_RUN);
});
after(() => rm(parent, { recursive: true }));

interface Made {
  peakBytes: number;
  pixels: Buffer;
  loaded: string[];
  info: CheckpointInfo;
}

/** One picture by a fresh engine. @param memory what it may take up */
async function make(asked: Partial<ParamsInput<'create'>>, memory = '64GB'): Promise<Made> {
  const engine = spawnEngine({ TUSK_MEMORY: memory, TUSK_THREADS: '1' });
  const loaded: string[] = [];
  const onEvent = (event: Progress) => void (event.event === 'loading' && loaded.push(event.what));
  try {
    const params = { checkpoint, prompt: 'a red apple', seed: 7, preset: 'best', ...asked };
    const { pictures } = await engine.client.run('create', params, { onEvent });
    const peakBytes = await peakMemory(engine.pid);
    const info = await engine.client.run('info', { checkpoint });
    return { peakBytes, pixels: Buffer.from(pictures[0]!.picture.bytes), loaded, info };
  } finally {
    await engine.stop();
  }
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6);

test('staged takes less than together, by what is freed, and gives the same picture', async (t) => {
  const together = await make({ memory: { holding: 'together' } });
  const staged = await make({ memory: { holding: 'staged' } });
  const { placements } = together.info.plans.create;
  const parts = ['languageModel', 'diffusion'].map((part) => placements[part]!.bytes);
  t.diagnostic(
    `together ${megabytes(together.peakBytes)} MB, staged ${megabytes(staged.peakBytes)} MB; parts ${parts.map(megabytes)} MB`,
  );
  assert.ok(together.peakBytes - staged.peakBytes > 0.6 * Math.min(...parts));
  assert.deepEqual(staged.pixels, together.pixels);
  assert.deepEqual(staged.loaded.slice(0, 1), ['the language model']);
  assert.ok(
    staged.loaded.lastIndexOf('the diffusion transformer') > staged.loaded.indexOf('the language model'),
  );
});

test('the high-water mark stays under what the plan says, whichever is chosen', async (t) => {
  for (const memory of ['64GB', '900MB', '700MB']) {
    const made = await make({}, memory).catch((thrown: TuskError) => thrown);
    if (made instanceof Error) {
      t.diagnostic(`${memory}: ${made.message}`);
      assert.equal(made.code, 'out-of-memory');
      continue;
    }
    const { holding, peakBytes, placements } = made.info.plans.create;
    const precision = placements.languageModel!.precision;
    t.diagnostic(
      `${memory}: ${holding}, ${precision}, planned ${megabytes(peakBytes)} MB, measured ${megabytes(made.peakBytes)} MB`,
    );
    assert.ok(made.peakBytes <= 1.1 * peakBytes, `${memory}: ${made.peakBytes} of ${peakBytes}`);
  }
});

test('what does not fit is said before anything is loaded, with a smaller size that does', async () => {
  const engine = spawnEngine({ TUSK_MEMORY: '260MB', TUSK_THREADS: '1' });
  const loaded: string[] = [];
  const onEvent = (event: Progress) => void (event.event === 'loading' && loaded.push(event.what));
  try {
    const size = { width: 2_048, height: 2_048 };
    const params = { checkpoint: INTACT, prompt: 'a red apple', size, steps: 1 };
    const failed = await engine.client.run('create', params, { onEvent }).then(
      () => assert.fail('it was made'),
      (thrown: TuskError) => thrown,
    );
    assert.equal(failed.code, 'out-of-memory');
    assert.deepEqual(loaded, []);
    assert.ok(failed.next!.size!.width < 2_048);
    const { pictures } = await engine.client.run('create', { ...params, ...failed.next });
    assert.equal(pictures[0]!.picture.width, failed.next!.size!.width);
  } finally {
    await engine.stop();
  }
});
