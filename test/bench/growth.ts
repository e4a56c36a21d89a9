/**
 * How the cost of a picture grows: with its size, the prompt, the number of reference pictures, the number of pictures
 * at once. Milliseconds the processor gave each stage, and the exponent of the power that fits them best; of pixels and
 * tokens none should be above 2, the arithmetic of attention, of pictures none above 1.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '../../engine/create.ts';
import { edit } from '../../engine/edit.ts';
import { Model } from '../../engine/load.ts';
import { type ParamsInput, type RequestContext, VERBS } from '../../engine/protocol.ts';
import { Workbench } from '../../engine/workbench.ts';

const STEPS = 4;
const SIDE = 256;
const WORDS = 'a red apple on a blue table ';
const STAGES = ['read', 'plan', 'steps', 'decode', 'whole'] as const;
type Stage = (typeof STAGES)[number];
export type Cost = Record<Stage, number>;

/** Along one axis: how much of it, and what it cost. */
export interface Growth {
  axis: string;
  points: readonly { amount: number; cost: Cost }[];
  /** Of the best power, by stage; absent where a stage costs nothing. */
  exponents: Partial<Cost>;
}

export async function measureGrowth(checkpoint: string | undefined, threads: number): Promise<Growth[]> {
  const model = await Model.open(Model.resolve(checkpoint), { threads });
  const bench = new Workbench(model);
  const folder = await mkdtemp(join(tmpdir(), 'tusk-growth-'));
  try {
    const reference = join(folder, 'reference.png');
    const made = await costOf(bench, { prompt: WORDS });
    await writeFile(reference, made.bytes);
    const along = async (axis: string, amounts: readonly number[], asked: (amount: number) => Asked) => {
      const points = [];
      for (const amount of amounts) points.push({ amount, cost: (await costOf(bench, asked(amount))).cost });
      return { axis, points, exponents: exponentsOf(points) };
    };
    return [
      await along('pixels', [256 ** 2, 512 ** 2, 1_024 ** 2], (pixels) => ({
        prompt: WORDS,
        size: { width: Math.sqrt(pixels), height: Math.sqrt(pixels) },
      })),
      await along('words of the prompt', [7, 70, 350], (words) => ({
        prompt: 'red '.repeat(words).trim(),
        size: { width: SIDE, height: SIDE },
      })),
      await along('reference pictures', [1, 2, 3, 4, 5], (count) => ({
        instruction: 'make the apple green',
        pictures: new Array(count).fill({ path: reference }),
      })),
      await along('pictures at once', [1, 2, 4], (images) => ({ prompt: WORDS, images })),
    ];
  } finally {
    await bench.dispose();
    await rm(folder, { recursive: true });
  }
}

type Asked = Partial<ParamsInput<'create'>> | Partial<ParamsInput<'edit'>>;

/** The second of two runs: by then everything is loaded. */
async function costOf(bench: Workbench, asked: Asked) {
  await run(bench, { ...asked, seed: 1 });
  return run(bench, { ...asked, seed: 2 });
}

/** Stages are told apart by the first event of the next one. */
async function run(bench: Workbench, asked: Asked) {
  const cost: Cost = { read: 0, plan: 0, steps: 0, decode: 0, whole: 0 };
  let stage: Stage = 'read';
  let since = spent();
  const enter = (next: Stage) => {
    const now = spent();
    cost[stage] += now - since;
    [stage, since] = [next, now];
  };
  const last = (asked.images ?? 1) - 1;
  const emit: RequestContext['emit'] = ({ event, ...rest }) => {
    if (event === 'reading' && 'tokens' in rest && rest.tokens > 0) enter('plan');
    if (event === 'plan' && 'row' in rest && rest.row === rest.rows && rest.image === last) enter('steps');
    if (event === 'decoding') enter('decode');
    if (event === 'step' && stage === 'decode') enter('steps');
  };
  const context = { emit, signal: new AbortController().signal };
  const settings = { ...asked, steps: STEPS, previews: false };
  const { pictures } =
    'instruction' in settings
      ? await edit(bench, VERBS.edit.params.parse(settings), context)
      : await create(bench, VERBS.create.params.parse(settings), context);
  enter('read');
  cost.whole = cost.read + cost.plan + cost.steps + cost.decode;
  return { cost, bytes: pictures[0]!.picture.bytes };
}

function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

function exponentsOf(points: Growth['points']): Partial<Cost> {
  const fitted = STAGES.filter((stage) => points.every(({ cost }) => cost[stage] > 0)).map((stage) => [
    stage,
    slope(points.map(({ amount, cost }) => [Math.log(amount), Math.log(cost[stage])])),
  ]);
  return Object.fromEntries(fitted);
}

/** Of the line with the least squares through the points. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return covariance / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

export function printGrowth(growths: readonly Growth[]): void {
  for (const { axis, points, exponents } of growths) {
    console.log(
      `\n${axis.padEnd(24)}${STAGES.map((stage) => stage.padStart(10)).join('')}   ms of the processor`,
    );
    for (const { amount, cost } of points) {
      console.log(
        `${String(amount).padEnd(24)}${STAGES.map((stage) => cost[stage].toFixed(0).padStart(10)).join('')}`,
      );
    }
    const cells = STAGES.map((stage) => (exponents[stage]?.toFixed(2) ?? '').padStart(10));
    console.log(`${'grows with the power'.padEnd(24)}${cells.join('')}`);
  }
}
