/** Which device a run gets, from kept results and from providers that really aren't there. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Devices } from '../../../engine/devices/devices.ts';
import { DeviceRecords, type Outcome } from '../../../engine/devices/records.ts';
import { TESTS } from '../../../engine/devices/self-test.ts';
import { offeredProviders, runtimeVersion } from '../../../engine/runtime/provider.ts';

const NO_GRAPHICS = { platform: 'freebsd', run: async () => undefined, read: async () => undefined } as const;
const system = { ...NO_GRAPHICS, list: async () => [] };
const KEY = `${runtimeVersion()} | webgpu`;
const CHECKPOINT = 'test/parity/alpha/checkpoint';
let folder: string;
let file: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tusk-devices-'));
  file = join(folder, 'devices.json');
});
after(() => rm(folder, { recursive: true }));

/** As a self-test leaves it. */
async function keep(failed: Record<string, Outcome>, key = KEY): Promise<Devices> {
  const outcomes = Object.fromEntries(
    TESTS.map((name) => [name, failed[name] ?? { ok: true, difference: 1e-6 }]),
  );
  const attempt = { outcomes, operators: ['Gemm'] };
  await new DeviceRecords(file).put('webgpu', { key, isDone: true, attempts: { fused: attempt } });
  return new Devices({ file, system });
}

const withoutFile = () => new Devices({ file: join(folder, 'none.json'), system });

test('the processor comes first and is named; what onnxruntime offers besides is not tested yet', async () => {
  const devices = await withoutFile().list();
  assert.deepEqual(
    devices.map(({ provider }) => provider),
    offeredProviders(),
  );
  const [processor, ...others] = devices;
  assert.ok(processor!.name.length > 0 && processor!.state === 'ready');
  assert.ok(others.length > 0 && others.every(({ state }) => state === 'untested'));
});

test('nothing tested: a run is on the processor, one that asks for a device is told to test it', async () => {
  assert.equal(await withoutFile().choose({}), undefined);
  assert.equal(await withoutFile().choose({ device: 'cpu' }), undefined);
  await assert.rejects(withoutFile().choose({ device: 'webgpu' }), {
    code: 'bad-setting',
    message: /wasn't tested/,
  });
});

test('a provider of another system is named together with those there are', async () => {
  const foreign = (['dml', 'coreml'] as const).find((provider) => !offeredProviders().includes(provider))!;
  const refused = { code: 'bad-setting', message: new RegExp(foreign), hint: /cpu/ };
  await assert.rejects(withoutFile().choose({ device: foreign }), refused);
  await assert.rejects(withoutFile().test({ provider: foreign, checkpoint: CHECKPOINT }), refused);
});

test('a tested device is taken, with the parts that passed; the others have their reason', async () => {
  const devices = await keep({
    diffusion: { ok: false, reason: 'differs', difference: 0.03 },
    vaeEncoder: { ok: false, reason: 'processor', detail: 'Resize' },
    int4: { ok: false, reason: 'failed', detail: 'no kernel' },
  });
  const found = await devices.choose({ deviceParts: ['diffusion', 'vaeDecoder', 'vaeEncoder'] });
  assert.equal(found!.device.provider, 'webgpu');
  assert.deepEqual(found!.room.barred, {
    languageModel: 'chosen',
    visionEncoder: 'chosen',
    visualTokenizer: 'chosen',
    diffusion: 'differs',
    vaeEncoder: 'processor',
  });
  assert.equal(found!.room.hasInt4, false);
  const [, listed] = await devices.list();
  assert.equal(listed!.state, 'partly');
});

test('another driver or version of onnxruntime makes a result stale', async () => {
  const devices = await keep({}, 'another version | webgpu');
  assert.equal(await devices.choose({}), undefined);
  assert.equal((await devices.list())[1]!.state, 'untested');
});

test('a test under way when the process ended is what it died of, and is not run again', async () => {
  const records = new DeviceRecords(file);
  const passed = { outcomes: { languageModel: { ok: true } }, operators: [] };
  const testing = { attention: 'fused', test: 'visionEncoder' } as const;
  await records.put('webgpu', { key: KEY, isDone: false, attempts: { fused: passed }, testing });
  const found = await records.get('webgpu', KEY);
  assert.deepEqual(found!.attempts.fused!.outcomes.visionEncoder, { ok: false, reason: 'crashed' });
  assert.equal(found!.testing, undefined);
});

test('a damaged file counts as none', async () => {
  await writeFile(file, '{"format":1,"providers":{"webgpu":');
  assert.equal(await new Devices({ file, system }).choose({}), undefined);
});

// Its libraries come with no build for tests; where somebody has them, the self-test itself is the answer.
test('a provider whose libraries are missing is unusable, in plain words', async (t) => {
  if (!offeredProviders().includes('cuda')) return t.skip('this build has no cuda');
  const own = new Devices({ file: join(folder, 'cuda.json'), system });
  const tested = await own.test({ provider: 'cuda', checkpoint: CHECKPOINT });
  if (tested.state !== 'unusable') return t.skip('this computer has cuda');
  assert.equal(tested.tests.languageModel!.detail, "Its libraries aren't installed.");
  await assert.rejects(own.choose({ device: 'cuda' }), {
    code: 'bad-setting',
    message: /libraries aren't installed/,
  });
  assert.equal(await own.choose({}), undefined);
});
