/** What the studio knows of its models: the words they were taught, their facts, the memory a picture needs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspectCheckpoint } from '../../../engine/info.ts';
import { checkMemory } from '../../../engine/studio/memory-check.ts';
import { unknownWords } from '../../../engine/studio/unknown-words.ts';
import type { ModelCard } from '../../../engine/studio-protocol.ts';
import { CHECKPOINT, openStudio, send } from '../../helpers/studio.ts';

const TAUGHT = {
  vocabulary: ['rabbit', 'fire truck', 'apple', 'berry', 'red'],
  examples: { create: ['a red apple'], edit: ['make the sky gloomy'], ask: [] },
  abilities: ['plain and gradient grounds'],
};

test('a slip of the pen comes with what may have been meant, a word never taught with nothing', () => {
  assert.deepEqual(unknownWords('draw a rabit and a harpsichord', TAUGHT), [
    { word: 'rabit', nearest: ['rabbit'] },
    { word: 'harpsichord', nearest: [] },
  ]);
});

test('plurals, binding words and words of the model’s own examples are no news', () => {
  for (const prompt of [
    'please draw two red apples and three berries on the left of a fire truck',
    'make the sky gloomy',
    'i would like you to get rid of everything but the apple, then rotate it clockwise',
    'a rabbit on gradient grounds',
    '',
  ])
    assert.deepEqual(unknownWords(prompt, TAUGHT), [], prompt);
});

test('a model that states no vocabulary, or is not loaded yet, leaves no remark', () => {
  assert.deepEqual(unknownWords('harpsichord', { ...TAUGHT, vocabulary: [] }), []);
  assert.deepEqual(unknownWords('harpsichord', null), []);
});

const card = (change: Partial<ModelCard>): ModelCard => ({
  id: 'small',
  name: 'Small',
  embedded: false,
  inUse: false,
  abilities: [],
  holdsConversation: 'whole',
  parameters: 1,
  sizeBytes: 1,
  needsBytes: 1e6,
  freeBytes: 0,
  device: null,
  secondsPerPicture: null,
  problem: null,
  ...change,
});

const facts = () => inspectCheckpoint(CHECKPOINT, { deep: false, signal: new AbortController().signal });

test('too large a picture comes with the largest half, quarter… that fits', async () => {
  const info = await facts();
  // The model's own 1024 x 1024 are in its need already.
  const freeBytes = info.memoryBytes.create + 1024 * 1024 * info.memoryBytesPerPixel;
  const room = { freeBytes, isWarm: false };
  const size = { width: 4096, height: 2048 };
  const answer = checkMemory('create', size, info, room, []);
  assert.deepEqual([answer.fits, answer.smallerSize], [false, { width: 2048, height: 1024 }]);
  assert.ok(answer.needsBytes > freeBytes);
  assert.equal(checkMemory('create', { width: 1024, height: 1024 }, info, room, []).fits, true);
  assert.equal(checkMemory('edit', size, info, room, []).smallerSize, null);
});

test('a model too large for this machine comes with the largest other one that fits', async () => {
  const info = await facts();
  const others = [
    card({ id: 'in-use', inUse: true }),
    card({ id: 'broken', problem: { code: 'checkpoint-damaged', message: '', hint: null } }),
    card({ id: 'unread', needsBytes: 0 }),
    card({ id: 'large', needsBytes: 2e9 }),
    card({ id: 'small' }),
    card({ id: 'middle', needsBytes: 2e6 }),
  ];
  const answer = checkMemory('create', undefined, info, { freeBytes: 5e6, isWarm: false }, others);
  assert.deepEqual([answer.fits, answer.smallerSize, answer.modelId], [false, null, 'middle']);
  assert.equal(checkMemory('create', undefined, info, { freeBytes: 0, isWarm: true }, others).fits, true);
});

test('a window asks for a model’s facts by its id, hears no path, and is told what fits', async () => {
  const { studio, jobIn } = await openStudio();
  const { models } = await studio.call('models.list', {});
  const info = await studio.call('models.info', { modelId: models[0]!.id });
  assert.equal(
    info.networks.reduce((sum, { parameters }) => sum + parameters, 0),
    models[0]!.parameters,
  );
  assert.ok(!JSON.stringify(info).includes(CHECKPOINT));
  await assert.rejects(studio.call('models.info', { modelId: 'nothing' }), { code: 'not-found' });

  const ask = (width: number) =>
    studio.call('models.check', { mode: 'create', targetIds: [], settings: { width, height: width } });
  const before = await ask(32);
  assert.equal(before.fits, true);
  const { jobs } = await send(studio, 'a red apple');
  await jobIn(jobs[0]!.id, 'done');
  assert.ok((await ask(32)).needsBytes < before.needsBytes);
  const huge = await ask(8192);
  assert.ok(huge.needsBytes > before.needsBytes);
  await studio.close();
});
