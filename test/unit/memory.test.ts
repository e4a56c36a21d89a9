/** Plans of memory: what is chosen for which machine, and what is offered where nothing fits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBytes } from '../../engine/memory/machine.ts';
import { memoryOfParts } from '../../engine/memory/parts.ts';
import { type Machine, type MemoryRequest, nextSmaller, planMemory } from '../../engine/memory/plan.ts';
import { workload } from '../../engine/memory/working.ts';
import { publishedMemory } from '../bench/published.ts';

const { config, memory } = await publishedMemory();
const size = { width: 1_024, height: 1_024 };
const grid = { rows: 32, columns: 32 };

function request(verb: MemoryRequest['verb'], machine: Machine): MemoryRequest {
  const seen = verb === 'create' ? 0 : 1;
  const work = workload({ size, grid, promptTokens: 200 + 1_024 * seen, images: 1, references: seen });
  return { verb, machine, config, memory, work };
}
const GB = 1e9;

for (const [name, machine] of [
  ['16 GB of memory', { freeBytes: 13 * GB, gpuBytes: 0 }],
  ['a GPU of 12 GB', { freeBytes: 13 * GB, gpuBytes: 11 * GB }],
  ['a GPU of 8 GB and 16 GB of memory', { freeBytes: 13 * GB, gpuBytes: 7 * GB }],
] as const)
  for (const verb of ['create', 'edit', 'chat'] as const)
    test(`the published size fits ${name}: ${verb}`, () => {
      const plan = planMemory(request(verb, machine));
      assert.ok(plan.fits, JSON.stringify(plan));
      assert.ok(plan.peakBytes <= machine.freeBytes && plan.gpuPeakBytes <= machine.gpuBytes);
      assert.equal(plan.placements.languageModel!.precision, 'int4');
      assert.equal(plan.placements.languageModel!.device, machine.gpuBytes > 10 * GB ? 'gpu' : 'cpu');
    });

test('without a GPU every part of every verb is on the processor', () => {
  for (const verb of ['create', 'edit', 'chat'] as const) {
    const { placements } = planMemory(request(verb, { freeBytes: 13 * GB, gpuBytes: 0 }));
    assert.ok(
      Object.values(placements).every(({ device }) => device === 'cpu'),
      verb,
    );
  }
});

test('with memory in plenty nothing is rounded, nothing is freed', () => {
  const plan = planMemory(request('create', { freeBytes: 120 * GB, gpuBytes: 0 }));
  assert.equal(plan.holding, 'together');
  assert.ok(Object.values(plan.placements).every(({ precision }) => precision === 'source'));
});

test('rounded pictures take compiled parts where the processor computes, and questions the same ones as pictures', () => {
  const forms = (verb: 'create' | 'chat', gpuBytes: number, asked: Partial<MemoryRequest>) => {
    const plan = planMemory({ ...request(verb, { freeBytes: 120 * GB, gpuBytes }), ...asked });
    assert.ok(plan.fits);
    return [plan.placements.languageModel!.precision, plan.placements.diffusion!.precision];
  };
  for (const verb of ['create', 'chat'] as const) {
    assert.deepEqual(forms(verb, 0, { preferCompiled: ['diffusion'] }), ['source', 'int8']);
    assert.deepEqual(forms(verb, 0, { preferCompiled: ['languageModel', 'diffusion'] }), ['int4', 'int8']);
    assert.deepEqual(forms(verb, 0, { preferCompiled: [] }), ['source', 'source']);
    assert.deepEqual(forms(verb, 80 * GB, { preferCompiled: ['diffusion'] }), ['source', 'source']);
    const exact = { preferCompiled: ['diffusion'], choice: { precision: 'source' } } as const;
    assert.deepEqual(forms(verb, 0, exact), ['source', 'source']);
  }
});

test('less memory never asks for more, and exact numbers go before rounded ones', () => {
  const orders = ['source together', 'source staged', 'int4 together', 'int4 staged'];
  let last = 0;
  for (let free = 120; free >= 10; free -= 2) {
    const plan = planMemory(request('create', { freeBytes: free * GB, gpuBytes: 0 }));
    if (!plan.fits) continue;
    const order = orders.indexOf(`${plan.placements.languageModel!.precision} ${plan.holding}`);
    assert.ok(plan.peakBytes <= free * GB);
    assert.ok(plan.placements.diffusion!.precision === 'int8' || order >= last, `${free} GB`);
    last = order;
  }
  assert.equal(orders[last], 'int4 staged');
});

test('8-bit products stay on the processor', () => {
  const { placements } = planMemory(request('create', { freeBytes: 11 * GB, gpuBytes: 7 * GB }));
  assert.deepEqual([placements.diffusion!.precision, placements.diffusion!.device], ['int8', 'cpu']);
});

test('where a picture does not fit, the largest halved size that does is offered', () => {
  const machine = { freeBytes: 10.1 * GB, gpuBytes: 0 };
  const plan = planMemory(request('create', machine));
  assert.equal(plan.fits, false);
  const next = nextSmaller(request('create', machine), plan);
  assert.deepEqual([next!.width, next!.height], [512, 512]);
  assert.equal(nextSmaller(request('create', { freeBytes: GB, gpuBytes: 0 }), plan), undefined);
});

test('behind a plan that ran out of memory the next smaller one of the same size is offered', () => {
  const rich = request('create', { freeBytes: 120 * GB, gpuBytes: 0 });
  const next = nextSmaller(rich, planMemory(rich));
  assert.deepEqual(next, { choice: { holding: 'staged', precision: 'source' }, ...size });
});

test('what a person decides is kept, and a compiled checkpoint has no exact form', () => {
  const machine = { freeBytes: 120 * GB, gpuBytes: 0 };
  const choice = { holding: 'staged', precision: 'compiled' } as const;
  const plan = planMemory({ ...request('create', machine), choice });
  assert.deepEqual([plan.holding, plan.placements.diffusion!.precision], ['staged', 'int8']);
  const compiled = { ...memory, languageModel: { compiled: memory.languageModel.compiled! } };
  const kept = planMemory({ ...request('create', machine), memory: compiled });
  assert.equal(kept.placements.languageModel!.precision, 'int4');
});

test('second copies in 8-bit numbers count beside the first ones, alone where parts are freed, never with compiled ones', () => {
  const secondCopies = ['languageModel', 'diffusion'] as const;
  const planned = (verb: 'create' | 'chat', choice: MemoryRequest['choice'], isDoubled: boolean) =>
    planMemory({
      ...{ ...request(verb, { freeBytes: 200 * GB, gpuBytes: 0 }), choice },
      ...(isDoubled && { secondCopies }),
    });
  const more = (...asked: [verb: 'create' | 'chat', choice: MemoryRequest['choice'], stage: number]) => {
    const [verb, choice, stage] = asked;
    const bytes = (isDoubled: boolean) => planned(verb, choice, isDoubled).stages[stage]!.bytes;
    return bytes(true) - bytes(false);
  };
  const second = secondCopies.map((part) => memory[part].rounded!.bytes);
  const both = second[0]! + second[1]!;
  assert.ok(both > 10 * GB);
  for (const stage of [0, 1, 2]) assert.equal(more('create', { holding: 'together' }, stage), both);
  assert.equal(more('chat', { holding: 'together' }, 0), both);
  const saved = secondCopies.map((part, index) => second[index]! - memory[part].source!.bytes);
  const staged = { holding: 'staged', precision: 'source' } as const;
  assert.deepEqual(
    [0, 1, 2].map((stage) => more('create', staged, stage)),
    [...saved, 0],
  );
  assert.equal(more('chat', staged, 0), 0);
  assert.equal(more('create', { holding: 'together', precision: 'compiled' }, 0), 0);
});

test('weights count as they are computed with: halves widened, 4-bit numbers with a sum a block, tables not at all', () => {
  const parts = memoryOfParts([
    { name: 'llm_model.lm_head.weight', dtype: 'BF16', shape: [256, 128], length: 65_536 },
    {
      name: 'llm_model.model.language_model.embed_tokens.weight',
      dtype: 'BF16',
      shape: [256, 128],
      length: 65_536,
    },
    { name: 'gen_vae.decoder.conv_in.weight', dtype: 'F16', shape: [10], length: 20 },
  ]);
  assert.deepEqual(parts.languageModel, {
    source: { precision: 'source', bytes: 4 * 256 * 128 },
    compiled: { precision: 'int4', bytes: (256 * 128) / 2 + 2 * 4 * 256 },
    rounded: { precision: 'int8', bytes: 256 * 128 + 4 * 256 },
  });
  assert.deepEqual(parts.vaeDecoder, { source: { precision: 'source', bytes: 40 } });
});

test('amounts of memory as people write them', () => {
  assert.deepEqual(['12GB', '900 MB', '1.5g', '2GiB', '17'].map(parseBytes), [12e9, 900e6, 1.5e9, 2e9, 17]);
  assert.throws(() => parseBytes('much'), { code: 'bad-setting' });
});
