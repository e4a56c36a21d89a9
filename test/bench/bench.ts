/**
 * What a model costs on this machine: `npm run bench [-- checkpoint]`, default the embedded model. A run in the
 * engine's own process gives loading, rates, whole pictures and memory; the speed-ups are measured against the
 * plain path in this process.
 */
import { cpus } from 'node:os';
import type { EngineClient } from '../../engine/client.ts';
import type { Timings } from '../../engine/protocol.ts';
import { spawnEngine } from '../../engine/spawn.ts';
import { peakMemory } from './memory.ts';
import { measureSpeedUps, type SpeedUp } from './speed-ups.ts';

const PROMPT = 'a red apple';
const WARM_RUNS = 3;

type Row = readonly [what: string, value: string];

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
const perSecond = (count: number, ms: number): string => `${(count / (ms / 1_000)).toFixed(1)} /s`;
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function measureEngine(checkpoint: string | undefined): Promise<Row[]> {
  const startedAt = performance.now();
  const engine = spawnEngine();
  try {
    const { client } = engine;
    const cold = await client.run('create', { checkpoint, prompt: PROMPT, seed: 7, previews: false });
    const coldMs = performance.now() - startedAt;
    const plain = await warmPictures(client, checkpoint, false);
    const shown = await warmPictures(client, checkpoint, true);
    const chat = await measureChat(client, checkpoint, cold.pictures[0]!.picture.bytes);
    const { recipe } = cold.pictures[0]!;
    return [
      ['load (all networks of create)', seconds(cold.timings.loadMs)],
      ['picture, cold, from the start of the process', seconds(coldMs)],
      ['picture, warm', seconds(plain.totalMs)],
      ['picture, warm, with previews', seconds(shown.totalMs)],
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

async function warmPictures(client: EngineClient, checkpoint: string | undefined, previews: boolean) {
  const runs: Timings[] = [];
  for (let seed = 1; seed <= WARM_RUNS; seed++) {
    const result = await client.run('create', { checkpoint, prompt: PROMPT, seed, previews });
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

const [checkpoint] = process.argv.slice(2);
console.log(`${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}\n`);
print(await measureEngine(checkpoint));
printSpeedUps(await measureSpeedUps(checkpoint));
