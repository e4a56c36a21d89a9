/** Client and server over a real channel, with the real handlers and the small checkpoint. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineClient } from '../../../engine/client.ts';
import { TuskError } from '../../../engine/errors.ts';
import { createHandlers, type Handlers } from '../../../engine/process/handlers.ts';
import { serve } from '../../../engine/process/serve.ts';
import { engineMessage, type Port, type Progress } from '../../../engine/protocol.ts';
import { INTACT } from '../../helpers/checkpoint-folder.ts';
import { portPair } from '../../helpers/ports.ts';

const QUICK = { checkpoint: INTACT, size: { width: 64, height: 64 }, steps: 2, seed: 7 };

async function withClient(use: (client: EngineClient, port: Port) => Promise<void>): Promise<void> {
  const [here, there] = portPair();
  serve(there, createHandlers({ threads: 1 }));
  try {
    await use(new EngineClient(here), here);
  } finally {
    here.close();
  }
}

const hasCode = (code: string) => (thrown: unknown) => thrown instanceof TuskError && thrown.code === code;

test('every event of a picture crosses the channel in order, rows and steps complete, with previews', () =>
  withClient(async (client) => {
    const events: Progress[] = [];
    const params = { ...QUICK, prompt: 'a red apple', grid: { rows: 3, columns: 2 } };
    const result = await client.run('create', params, { onEvent: (event) => events.push(event) });

    const order = events.map((e) => e.event).filter((name, i, all) => name !== all[i - 1]);
    assert.deepEqual(order, ['placed', 'loading', 'reading', 'plan', 'step', 'decoding']);
    const plans = events.filter((e) => e.event === 'plan');
    assert.deepEqual(
      plans.map(({ row, rows }) => [row, rows]),
      [
        [1, 3],
        [2, 3],
        [3, 3],
      ],
    );
    assert.ok(plans[0]!.preview);
    for (const { row, preview } of plans)
      if (preview) assert.deepEqual([preview.width, preview.height], [42, 14 * row]);
    const steps = events.filter((e) => e.event === 'step');
    assert.deepEqual(
      steps.map(({ step, steps, preview }) => [step, steps, preview?.width]),
      [
        [1, 2, 8],
        [2, 2, 8],
      ],
    );
    const [{ picture, recipe }] = result.pictures as [(typeof result.pictures)[0]];
    assert.deepEqual([picture.width, picture.height, recipe.seed], [64, 64, 7]);
    assert.equal(Buffer.from(picture.bytes.slice(1, 4)).toString(), 'PNG');
  }));

test('a cancelled request ends as cancelled and the next one runs', () =>
  withClient(async (client) => {
    const controller = new AbortController();
    const params = { ...QUICK, prompt: 'a red apple', steps: 1_000 };
    const seen: number[] = [];
    const run = client.run('create', params, {
      signal: controller.signal,
      onEvent: (event) => {
        if (event.event !== 'step') return;
        seen.push(event.step);
        controller.abort();
      },
    });
    await assert.rejects(run, hasCode('cancelled'));
    assert.ok(seen.length <= 2, `it went on for ${seen.length} steps`);
    assert.equal((await client.run('create', { ...QUICK, prompt: 'a red apple' })).pictures.length, 1);
  }));

test('a request that waits behind another is cancelled at once', () =>
  withClient(async (client) => {
    const [first, second] = [new AbortController(), new AbortController()];
    const params = { ...QUICK, prompt: 'a red apple', steps: 1_000 };
    const running = client.run('create', params, { signal: first.signal });
    const waiting = client.run('create', params, { signal: second.signal });
    second.abort();
    await assert.rejects(waiting, hasCode('cancelled'));
    first.abort();
    await assert.rejects(running, hasCode('cancelled'));
  }));

test('errors keep code, sentence and hint across the channel', () =>
  withClient(async (client) => {
    const run = client.run('load', { checkpoint: '/nowhere/at/all' });
    await assert.rejects(run, (thrown: TuskError) => {
      assert.equal(thrown.code, 'checkpoint-missing');
      assert.match(thrown.message, /nowhere/);
      return thrown.hint !== undefined;
    });
  }));

const STRANGE: readonly (readonly [what: string, message: unknown])[] = [
  ['nothing', null],
  ['a number', 7],
  ['an unknown verb', { id: '1', verb: 'explode', params: {} }],
  ['no id', { verb: 'info', params: {} }],
  ['more than a request', { id: '1', verb: 'info', params: {}, extra: true }],
  ['wrong parameters', { id: '1', verb: 'create', params: { prompt: 'a', steps: 0 } }],
];

for (const [what, message] of STRANGE) {
  test(`${what} instead of a request is answered as failed`, async () => {
    const [here, there] = portPair();
    serve(there, createHandlers({ threads: 1 }));
    const answers = await new Promise<unknown[]>((resolve) => {
      const seen: unknown[] = [];
      here.onMessage((answer) => {
        seen.push(answer);
        if (seen.length === 2) resolve(seen);
      });
      here.send(message);
    });
    const [ready, failed] = answers.map((answer) => engineMessage.parse(answer));
    assert.equal(ready?.event, 'ready');
    assert.equal(failed?.event, 'failed');
    here.close();
  });
}

test('an answer that does not fit the protocol is an error, not a result', async () => {
  const [here, there] = portPair();
  const handlers = createHandlers({ threads: 1 });
  serve(there, { ...handlers, load: async () => ({ name: 7 }) } as unknown as Handlers);
  await assert.rejects(new EngineClient(here).run('load', {}), hasCode('internal'));
  here.close();
});

test('when the channel closes every open request fails as engine-gone, and so do later ones', async () => {
  const [here, there] = portPair();
  serve(there, createHandlers({ threads: 1 }));
  const client = new EngineClient(here);
  const open = client.run('create', { ...QUICK, prompt: 'a red apple', steps: 1_000 });
  there.close();
  await assert.rejects(open, hasCode('engine-gone'));
  await assert.rejects(client.run('load', {}), hasCode('engine-gone'));
});
