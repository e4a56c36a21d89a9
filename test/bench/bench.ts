/**
 * What a model costs on this machine:
 *
 *   npm run bench [-- --checkpoint FOLDER] [--threads N] [--json]
 *   npm run bench -- --ui                                                  the app in Chromium, with 10,000 pictures
 *   npm run bench -- --growth                                              how a picture's cost grows
 *   npm run bench -- --presets [--python PYTHON] [--every N] [--seeds N]   what the presets cost in quality
 *   npm run bench -- --reference FOLDER [--python PYTHON] [--rounds N]     against the official PyTorch code in FOLDER
 *   npm run bench -- --reference FOLDER --slices ...                       the same for slices of the published widths
 *   npm run bench -- --whole FOLDER                                        compile of the whole published size, in FOLDER
 *   npm run bench -- --device webgpu [--layers N] [--rounds N]             such slices on a device and on the processor
 *
 * A run in the engine's own process gives loading, rates, whole pictures and memory; the speed-ups are measured
 * against the plain path in this process. Default: the embedded model, all cores.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { EngineClient } from '../../engine/client.ts';
import type { ParamsInput, Timings } from '../../engine/protocol.ts';
import { spawnEngine } from '../../engine/spawn.ts';
import { peakMemory } from './memory.ts';
import { describeProcessor, processor } from './processor.ts';
import { type Comparison, compareWithReference } from './reference/compare.ts';
import { measureRoofs, type Roofs } from './roofs.ts';
import { measureSpeedUps, type SpeedUp } from './speed-ups.ts';
import { median, perSecond, seconds } from './timing.ts';

const PROMPT = 'a red apple';
const WARM_RUNS = 3;

type Row = readonly [what: string, value: string];

async function measureEngine(checkpoint: string | undefined): Promise<Row[]> {
  const startedAt = performance.now();
  const engine = spawnEngine();
  try {
    const { client } = engine;
    const cold = await client.run('create', { checkpoint, prompt: PROMPT, seed: 7, previews: false });
    const coldMs = performance.now() - startedAt;
    const plain = await warmPictures(client, { checkpoint, previews: false });
    const shown = await warmPictures(client, { checkpoint, previews: true });
    const quicker: Row[] = [];
    for (const preset of ['balanced', 'fast']) {
      const warm = await warmPictures(client, { checkpoint, preset, previews: false });
      const parts = [warm.planMs, warm.stepsMs, warm.decodeMs].map((ms) => ms.toFixed(0));
      quicker.push([`picture, warm, ${preset}`, seconds(warm.totalMs)]);
      quicker.push(['  its plan, steps, pixels', `${parts.join(', ')} ms`]);
    }
    const chat = await measureChat(client, checkpoint, cold.pictures[0]!.picture.bytes);
    const { recipe } = cold.pictures[0]!;
    return [
      ['load (all networks of create)', seconds(cold.timings.loadMs)],
      ['picture, cold, from the start of the process', seconds(coldMs)],
      ['picture, warm', seconds(plain.totalMs)],
      ['picture, warm, with previews', seconds(shown.totalMs)],
      ...quicker,
      [`plan, ${cold.tokens} tokens`, perSecond(cold.tokens, plain.planMs)],
      [`denoising, ${recipe.steps} steps`, perSecond(recipe.steps, plain.stepsMs)],
      ['VAE decode and PNG', seconds(plain.decodeMs)],
      ...chat,
      ['peak memory of the engine', `${((await peakMemory(engine.pid)) / 1e6).toFixed(0)} MB`],
    ];
  } finally {
    await engine.stop();
  }
}

type How = Pick<ParamsInput<'create'>, 'checkpoint' | 'preset' | 'previews'>;

/** Medians of a few, after one that loads what it needs. */
async function warmPictures(client: EngineClient, how: How) {
  await client.run('create', { ...how, prompt: PROMPT, seed: 0 });
  const runs: Timings[] = [];
  for (let seed = 1; seed <= WARM_RUNS; seed++) {
    const result = await client.run('create', { ...how, prompt: PROMPT, seed });
    runs.push(result.timings);
  }
  const of = (name: 'totalMs' | 'planMs' | 'stepsMs' | 'decodeMs') => median(runs.map((t) => t[name]));
  return { totalMs: of('totalMs'), planMs: of('planMs'), stepsMs: of('stepsMs'), decodeMs: of('decodeMs') };
}

async function measureChat(
  client: EngineClient,
  checkpoint: string | undefined,
  bytes: Uint8Array,
): Promise<Row[]> {
  const picture = { type: 'picture', picture: { bytes } } as const;
  const text = { type: 'text', text: 'describe this picture' } as const;
  const { timings, tokens } = await client.run('chat', {
    checkpoint,
    messages: [{ role: 'user', content: [picture, text] }],
  });
  return [
    ['answer about a picture, first token', seconds(timings.firstTokenMs)],
    [`answer, ${tokens} tokens`, perSecond(tokens, timings.planMs)],
  ];
}

function print(rows: readonly Row[]): void {
  for (const [what, value] of rows) console.log(`${what.padEnd(52)}${value.padStart(12)}`);
}

function printSpeedUps(speedUps: readonly SpeedUp[]): void {
  console.log(
    `\n${'speed-up'.padEnd(52)}${'plain'.padStart(12)}${'ours'.padStart(12)}${'factor'.padStart(9)}`,
  );
  for (const { what, plainMs, oursMs } of speedUps) {
    const cells = [plainMs, oursMs].map((ms) => `${ms.toFixed(1)} ms`.padStart(12));
    console.log(`${what.padEnd(52)}${cells.join('')}${`${(plainMs / oursMs).toFixed(1)}x`.padStart(9)}`);
  }
}

function printComparisons(comparisons: readonly Comparison[]): void {
  const head = ['ours', 'float32', 'bfloat16', 'ratio', 'processor'];
  console.log(`\n${'against the reference'.padEnd(64)}${head.map((h) => h.padStart(11)).join('')}`);
  for (const { what, oursMs, referenceMs, ratio, processorRatio, note } of comparisons) {
    const times = [oursMs, referenceMs.float32, referenceMs.bfloat16].map((ms) => `${ms.toFixed(1)} ms`);
    const cells = [...times, ...[ratio, processorRatio].map((factor) => `${factor.toFixed(2)}x`)];
    console.log(`${what.padEnd(64)}${cells.map((cell) => cell.padStart(11)).join('')}`);
    if (note) console.log(`    ${note}`);
  }
}

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string' },
    reference: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string' },
    json: { type: 'boolean', default: false },
    ui: { type: 'boolean', default: false },
    presets: { type: 'boolean', default: false },
    every: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    slices: { type: 'boolean', default: false },
    growth: { type: 'boolean', default: false },
    whole: { type: 'string' },
    device: { type: 'string' },
    layers: { type: 'string', default: '4' },
  },
});
if (values.ui) {
  const { measureUi, printUi } = await import('./ui.ts');
  printUi(await measureUi());
  process.exit();
}
if (values.presets) {
  const { measureQuality, printQuality } = await import('./quality/presets.ts');
  const [every, seeds] = [Number(values.every), Number(values.seeds)];
  const qualities = await measureQuality({ python: values.python, every, seeds });
  if (values.json) console.log(JSON.stringify(qualities));
  process.exit(printQuality(qualities) ? 0 : 1);
}
const threads = Number(values.threads ?? availableParallelism());
const { checkpoint } = values;
const machine = processor();
if (values.growth) {
  const { measureGrowth, printGrowth } = await import('./growth.ts');
  const growths = await measureGrowth(checkpoint, threads);
  if (values.json) console.log(JSON.stringify(growths));
  else printGrowth(growths);
  process.exit();
}
if (values.whole !== undefined) {
  const { measureWhole, printWhole } = await import('./whole.ts');
  if (!values.json) console.log(describeProcessor(machine));
  const cost = await measureWhole(values.whole, (what) => console.error(`${what} …`));
  if (values.json) console.log(JSON.stringify({ processor: machine, ...cost }));
  else printWhole(cost);
  process.exit();
}
if (values.device !== undefined) {
  const { compareDevices, deviceOf, printDeviceTimes } = await import('./devices.ts');
  const provider = deviceOf(values.device);
  const [layers, rounds] = [Number(values.layers), Number(values.rounds)];
  const show = values.json ? () => {} : printDeviceTimes;
  const times = await compareDevices({ provider, layers, rounds, threads }, show);
  if (values.json) console.log(JSON.stringify({ processor: machine, threads, layers, times }));
  process.exit();
}
const roofs: Roofs = await measureRoofs(threads);
const report = { processor: machine, node: process.version, threads, roofs };

if (!values.json) {
  console.log(`${describeProcessor(machine)}, ${threads} threads, Node ${process.version}`);
  const { memory, float32, int8 } = roofs;
  const [gigabytes, flops, operations] = [memory, float32, int8].map((roof) => roof.toFixed(0));
  console.log(`roofs: memory ${gigabytes} GB/s, float32 ${flops} GFLOP/s, int8 ${operations} GOP/s\n`);
}
if (values.reference === undefined) {
  const rows = await measureEngine(checkpoint);
  const speedUps = await measureSpeedUps(checkpoint);
  if (values.json) console.log(JSON.stringify({ ...report, rows: Object.fromEntries(rows), speedUps }));
  else {
    print(rows);
    printSpeedUps(speedUps);
  }
} else {
  const { python, reference: official } = values;
  const rounds = Number(values.rounds);
  const options = { python, official, checkpoint, threads, rounds };
  const comparisons = values.slices
    ? await (await import('./reference/slices.ts')).compareSlices({ ...options, roofs })
    : await compareWithReference(options);
  if (values.json) console.log(JSON.stringify({ ...report, rounds, comparisons }));
  else printComparisons(comparisons);
}
