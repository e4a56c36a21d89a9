/** A cancelled picture goes on from where it stood, and becomes what it would have become. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { EngineClient } from '../../../engine/client.ts';
import { TuskError } from '../../../engine/errors.ts';
import { createHandlers } from '../../../engine/process/handlers.ts';
import { serve } from '../../../engine/process/serve.ts';
import type { ParamsInput, Port, Progress } from '../../../engine/protocol.ts';
import { INTACT } from '../../helpers/checkpoint-folder.ts';
import { portPair } from '../../helpers/ports.ts';

const STEPS = 6;
const COMMON = { checkpoint: INTACT, steps: STEPS, seed: 7, guidance: 2, previews: false };
const CREATE = { ...COMMON, prompt: 'a red apple', size: { width: 64, height: 64 } };
const PICTURE = resolve('test/parity/alpha/pictures/edit.png');
const EDIT = { ...COMMON, instruction: 'make it green', pictures: [{ path: PICTURE }] };
type Stopped = Extract<Progress, { event: 'stopped' }>;

let folder = '';
let here: Port;
let client: EngineClient;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tusk-unfinished-'));
  const [port, there] = portPair();
  serve(there, createHandlers({ threads: 1 }));
  here = port;
  client = new EngineClient(port);
});
after(async () => {
  here.close();
  await rm(folder, { recursive: true });
});

interface Run {
  bytes: Uint8Array | undefined;
  steps: number[];
  plans: number;
  stopped: Stopped | undefined;
}

/** @param stopAt cancels when that step is done */
async function run<V extends 'create' | 'edit'>(
  verb: V,
  params: ParamsInput<V>,
  stopAt?: number,
): Promise<Run> {
  const controller = new AbortController();
  const events: Progress[] = [];
  const onEvent = (event: Progress) => {
    events.push(event);
    if (event.event === 'step' && event.step === stopAt) controller.abort();
  };
  const result = await client.run(verb, params, { onEvent, signal: controller.signal }).catch((thrown) => {
    if (thrown instanceof TuskError && thrown.code === 'cancelled') return undefined;
    throw thrown;
  });
  return {
    bytes: result?.pictures[0]?.picture.bytes,
    steps: events.flatMap((event) => (event.event === 'step' ? [event.step] : [])),
    plans: events.filter(({ event }) => event === 'plan').length,
    stopped: events.find((event): event is Stopped => event.event === 'stopped'),
  };
}

async function stateFile(stopped: Stopped | undefined, name: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, stopped!.state);
  return path;
}

for (const [verb, params] of [
  ['create', CREATE],
  ['create', { ...CREATE, solver: 'second-order' }],
  ['edit', EDIT],
] as const)
  test(`${verb} ${'solver' in params ? params.solver : ''}: stopped twice and continued, byte for byte the file of an uninterrupted run`, async () => {
    const whole = await run(verb, params);
    const first = await run(verb, params, 2);
    assert.equal(first.bytes, undefined);
    const at = first.stopped!.step;
    assert.deepEqual([at, first.stopped!.steps], [first.steps.at(-1), STEPS]);
    const second = await run(verb, { ...params, resume: await stateFile(first.stopped, 'first') }, at + 1);
    assert.deepEqual([second.plans, second.steps[0]], [0, at + 1]);
    const resume = await stateFile(second.stopped, 'second');
    const finished = await run(verb, { ...params, resume });
    assert.deepEqual(finished.steps.at(-1), STEPS);
    assert.ok(finished.steps.length < STEPS - at);
    assert.deepEqual(finished.bytes, whole.bytes);
  });

test('what was stopped before its first step leaves no state: the seed is all there is', async () => {
  const controller = new AbortController();
  const events: Progress[] = [];
  const onEvent = (event: Progress) => {
    events.push(event);
    if (event.event === 'plan') controller.abort();
  };
  const cancelled = client.run('create', CREATE, { onEvent, signal: controller.signal });
  await assert.rejects(cancelled, { code: 'cancelled' });
  assert.ok(!events.some(({ event }) => event === 'stopped'));
});

test('another seed, prompt or number of pictures, a damaged or a missing file are refused in words', async () => {
  const { stopped } = await run('create', CREATE, 1);
  const resume = await stateFile(stopped, 'state');
  const cut = join(folder, 'cut');
  await writeFile(cut, stopped!.state.subarray(0, 900));
  for (const [change, code] of [
    [{ seed: 8 }, 'bad-setting'],
    [{ prompt: 'a boat' }, 'bad-setting'],
    [{ images: 2 }, 'bad-setting'],
    [{ resume: cut }, 'checkpoint-damaged'],
    [{ resume: join(folder, 'none') }, 'checkpoint-missing'],
  ] as const)
    await assert.rejects(client.run('create', { ...CREATE, resume, ...change }), { code });
});
