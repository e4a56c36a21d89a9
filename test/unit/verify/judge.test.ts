/** A verdict finds whatever differs: a value, a shape, an output that is missing, a result. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TuskError } from '../../../engine/errors.ts';
import type { Tensor } from '../../../engine/runtime/tensor.ts';
import { ParityCase, type StageOutputs } from '../../../engine/verify/case.ts';
import { judge } from '../../../engine/verify/judge.ts';
import { verify } from '../../../engine/verify.ts';
import { removeFolder } from '../../helpers/checkpoint-folder.ts';

const ALPHA = 'test/parity/alpha';

async function expected(): Promise<{ parityCase: ParityCase; outputs: StageOutputs }> {
  const parityCase = await ParityCase.read(ALPHA, 'sampling', 'top-k');
  const names = parityCase.tensorNames.filter((name) => name.startsWith('out.'));
  const tensors = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await parityCase.tensor(name)] as const)),
  );
  return { parityCase, outputs: { tensors, result: structuredClone(parityCase.result) } };
}

const TOLERANCES = {
  sampling: { 'out.scores': { tolerance: 1e-6 }, 'out.probabilities': { tolerance: 1e-6 } },
};

test("the reference's own outputs are ok", async () => {
  const { parityCase, outputs } = await expected();
  const verdict = await judge(parityCase, outputs, TOLERANCES);
  assert.deepEqual([verdict.ok, verdict.maxAbs, verdict.detail], [true, 0, undefined]);
});

const withTensor =
  (name: string, change: (tensor: Tensor) => Tensor | undefined) =>
  ({ tensors, result }: StageOutputs): StageOutputs => {
    const changed = change(tensors[name]!);
    const { [name]: _, ...others } = tensors;
    return { tensors: changed ? { ...others, [name]: changed } : others, result: result! };
  };

const withResult =
  (change: Record<string, unknown>) =>
  ({ tensors, result }: StageOutputs): StageOutputs => ({ tensors, result: { ...result, ...change } });

const filled = (value: number) => (tensor: Tensor) => ({
  ...tensor,
  data: new Float32Array(tensor.data.length).fill(value),
});

const CHANGES: readonly (readonly [
  what: string,
  detail: RegExp,
  change: (o: StageOutputs) => StageOutputs,
])[] = [
  ['a value', /out\.probabilities/, withTensor('out.probabilities', filled(0.5))],
  ['a number that is none', /out\.scores/, withTensor('out.scores', filled(Number.NaN))],
  ['a missing output', /out\.scores/, withTensor('out.scores', () => undefined)],
  ['a shape', /out\.scores/, withTensor('out.scores', (tensor) => ({ ...tensor, shape: [1] }))],
  ['a result', /result\.kept/, withResult({ kept: 11 })],
  ['a missing result', /result\.order/, withResult({ order: undefined })],
];

for (const [what, detail, change] of CHANGES) {
  test(`${what} that differs is not ok and named`, async () => {
    const { parityCase, outputs } = await expected();
    const verdict = await judge(parityCase, change(outputs), TOLERANCES);
    assert.equal(verdict.ok, false);
    assert.match(verdict.detail!, detail);
  });
}

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tusk-parity-'));
  await cp(join(ALPHA, 'cases', 'schedule'), join(folder, 'cases', 'schedule'), { recursive: true });
  await cp('test/parity/tolerances.json', join(folder, 'tolerances.json'));
});
after(() => removeFolder(folder));

const options = () => ({ emit: () => {}, signal: new AbortController().signal });

test('a stage without a check and a case that is no case fail, they are not skipped', async () => {
  const path = join(folder, 'cases', 'schedule', 'timesteps.json');
  const text = await readFile(path, 'utf8');
  await cp(join(folder, 'cases', 'schedule'), join(folder, 'cases', 'unheard-of'), { recursive: true });
  await writeFile(join(folder, 'cases', 'schedule', 'broken.json'), text.slice(0, 40));
  const { cases } = await verify(folder, options());
  const verdicts = cases.map(({ stage, case: name, ok }) => `${stage}/${name} ${ok}`);
  assert.deepEqual(verdicts, [
    'schedule/broken false',
    'schedule/timesteps true',
    'unheard-of/timesteps false',
  ]);
});

test('a folder where no case ran is an error', async () => {
  const run = verify(folder, { stage: 'vae', ...options() });
  await assert.rejects(run, (thrown) => thrown instanceof TuskError && thrown.code === 'not-found');
});
