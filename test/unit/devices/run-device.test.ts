/** Where a model's parts would be computed is told with its facts, and so is what a check computed where. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand, providerOption, UsageError } from '../../../engine/cli/arguments.ts';
import { inspectCheckpoint } from '../../../engine/info.ts';
import { PARTS } from '../../../engine/placing.ts';
import type { Progress } from '../../../engine/protocol.ts';
import { verify } from '../../../engine/verify.ts';
import { chosenDevice } from '../../helpers/chosen-device.ts';

const CHECKPOINT = 'test/parity/alpha/checkpoint';
const { signal } = new AbortController();

test('a checkpoint says which device its parts would be on, and why others would not', async () => {
  const device = chosenDevice({ visualTokenizer: 'processor' });
  const info = await inspectCheckpoint(CHECKPOINT, { deep: false, device, signal });
  assert.deepEqual(info.device, {
    provider: 'webgpu',
    name: 'Some GPU',
    parts: ['languageModel', 'diffusion', 'vaeDecoder'],
    onProcessor: [{ part: 'visualTokenizer', reason: 'processor' }],
  });
  assert.equal(info.machine.gpuBytes, 8e9);
  assert.ok(info.plans.create.gpuPeakBytes > 0);
});

test('without a device the processor computes all', async () => {
  const info = await inspectCheckpoint(CHECKPOINT, { deep: false, signal });
  assert.equal(info.device, null);
  assert.equal(info.plans.create.gpuPeakBytes, 0);
});

test('a check says first what the device computes; barred parts are computed by the processor', async () => {
  const barred = Object.fromEntries(PARTS.map((part) => [part, 'failed' as const]));
  const events: Progress[] = [];
  const emit = (event: Progress) => void events.push(event);
  const { failed, passed } = await verify('test/parity/alpha', {
    ...{ stage: 'vae', device: chosenDevice(barred), emit, signal },
  });
  assert.deepEqual([passed, failed], [4, 0]);
  const [first] = events;
  assert.ok(first?.event === 'placed');
  assert.deepEqual(first.device?.parts, []);
  assert.deepEqual(
    first.device?.onProcessor.map(({ part }) => part),
    PARTS,
  );
});

test('verify takes one device, not its parts', () => {
  const device = (word: string) => providerOption(parseCommand('verify', ['folder', '--device', word]));
  assert.equal(device('webgpu'), 'webgpu');
  assert.throws(() => device('webgpu:diffusion'), UsageError);
  assert.throws(() => device('auto'), UsageError);
});
