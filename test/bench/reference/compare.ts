/**
 * The official pipeline and ours in turn, on the same checkpoint, grid, steps and guidance: medians of several rounds
 * and their ratios. The reference runs in float32 and in bfloat16, and the faster of the two counts.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Model } from '../../../engine/load.ts';
import type { ModelSummary } from '../../../engine/protocol.ts';
import { type SpawnedEngine, spawnEngine } from '../../../engine/spawn.ts';
import { buildEngine, ROOT } from '../../../scripts/bundle.mjs';
import { type Measured, medians, processorTime } from '../timing.ts';
import { Reference, type ReferenceOptions } from './process.ts';

const PROMPT = 'a red apple';
const INSTRUCTION = 'make the apple green';
const QUESTION = 'what is in the picture?';
const ANSWER_TOKENS = 64;
export const DTYPES = ['float32', 'bfloat16'] as const;

export interface Comparison {
  what: string;
  /** Medians, milliseconds. */
  oursMs: number;
  referenceMs: Record<(typeof DTYPES)[number], number>;
  /** The faster reference over ours. */
  ratio: number;
  /** The same of the time the processor gave each, which other work on the machine hardly changes; Linux only. */
  processorRatio: number;
  /** Shares of roofs and errors, where there are some. */
  note?: string;
}

/** The same on both sides. `picture` is a new one each round: nothing of it is remembered. */
interface Contest {
  what: string;
  /** Milliseconds. */
  ours: (picture: string) => Promise<number>;
  reference: (reference: Reference, picture: string) => Promise<Measured>;
}

export interface CompareOptions extends Omit<ReferenceOptions, 'dtype' | 'checkpoint'> {
  checkpoint: string | undefined;
  rounds: number;
}

export async function compareWithReference(options: CompareOptions): Promise<Comparison[]> {
  const checkpoint = Model.resolve(options.checkpoint);
  const folder = await mkdtemp(join(tmpdir(), 'tusk-bench-'));
  const references = [];
  for (const dtype of DTYPES) references.push(await Reference.start({ ...options, checkpoint, dtype }));
  process.env.TUSK_THREADS = String(options.threads);
  const engine = spawnEngine();
  try {
    const pictures = await makePictures(engine, checkpoint, folder, options.rounds + 1);
    const results = [await coldStart(options, references, checkpoint)];
    for (const contest of await warmContests(engine, checkpoint))
      results.push(await rounds(contest, engine, references, pictures));
    return results;
  } finally {
    for (const reference of references) reference.stop();
    await engine.stop();
    await rm(folder, { recursive: true });
  }
}

/** The first picture's round warms up and isn't counted. */
async function rounds(
  { what, ours, reference }: Contest,
  { pid }: SpawnedEngine,
  references: readonly Reference[],
  pictures: readonly string[],
): Promise<Comparison> {
  const ourSide = async (picture: string) => {
    const before = await processorTime(pid);
    const ms = await ours(picture);
    return { ms, processorMs: (await processorTime(pid)) - before };
  };
  const sides = [ourSide, ...references.map((r) => (picture: string) => reference(r, picture))];
  const measured: Measured[][] = sides.map(() => []);
  for (const [round, picture] of pictures.entries()) {
    for (const [i, side] of sides.entries()) {
      const taken = await side(picture);
      if (round > 0) measured[i]!.push(taken);
    }
  }
  return comparison(what, measured.map(medians) as [Measured, Measured, Measured]);
}

export function comparison(what: string, [ours, ...references]: [Measured, Measured, Measured]): Comparison {
  const least = (of: keyof Measured) => Math.min(...references.map((r) => r[of]));
  const [float32, bfloat16] = references.map(({ ms }) => ms) as [number, number];
  return {
    ...{ what, oursMs: ours.ms, referenceMs: { float32, bfloat16 } },
    ratio: least('ms') / ours.ms,
    processorRatio: least('processorMs') / ours.processorMs,
  };
}

/** From the start of the process, bundled as the app has it, to the first token of an answer. */
async function coldStart(
  { rounds: count }: CompareOptions,
  references: readonly Reference[],
  checkpoint: string,
): Promise<Comparison> {
  await buildEngine();
  const times: Measured[] = [];
  for (let round = 0; round < count; round++) times.push(await firstToken(checkpoint));
  const [float32, bfloat16] = references.map(({ startUp: { importMs, loadMs, processorMs } }) => ({
    ms: importMs + loadMs,
    processorMs,
  }));
  const what = 'cold start to the first token (reference: import and load alone)';
  return comparison(what, [medians(times), float32!, bfloat16!]);
}

async function firstToken(checkpoint: string): Promise<Measured> {
  const from = performance.now();
  const engine = spawnEngine({}, join(ROOT, 'dist', 'process.js'));
  try {
    const messages = [{ role: 'user' as const, content: [{ type: 'text' as const, text: PROMPT }] }];
    const params = { checkpoint, messages, maxTokens: 1 };
    await engine.client.run('chat', params);
    return { ms: performance.now() - from, processorMs: await processorTime(engine.pid) };
  } finally {
    await engine.stop();
  }
}

async function makePictures(
  { client }: SpawnedEngine,
  checkpoint: string,
  folder: string,
  count: number,
): Promise<string[]> {
  const paths: string[] = [];
  for (let seed = 0; seed < count; seed++) {
    const made = await client.run('create', { checkpoint, prompt: PROMPT, seed, previews: false });
    const path = join(folder, `${seed}.png`);
    await writeFile(path, made.pictures[0]!.picture.bytes);
    paths.push(path);
  }
  return paths;
}

async function warmContests({ client }: SpawnedEngine, checkpoint: string): Promise<Contest[]> {
  const { defaults, presets } = await client.run('load', { checkpoint });
  const settings = { checkpoint, seed: 7, previews: false };
  const asked = await referenceSettings(defaults, checkpoint);
  const create = (preset?: string) => async () =>
    (await client.run('create', { ...settings, prompt: PROMPT, ...(preset && { preset }) })).timings.totalMs;
  const reference = (r: Reference) => r.ask({ verb: 'create', prompt: PROMPT, ...asked });
  return [
    { what: 'create', ours: create(), reference },
    ...presets.map((preset) => ({ what: `create, ${preset}`, ours: create(preset), reference })),
    {
      what: 'edit',
      ours: async (path) => {
        const params = { ...settings, pictures: [{ path }], instruction: INSTRUCTION };
        return (await client.run('edit', params)).timings.totalMs;
      },
      reference: (r, picture) => r.ask({ verb: 'edit', picture, prompt: INSTRUCTION, ...asked }),
    },
    {
      what: 'ask about a picture',
      ours: async (path) => {
        const text = { type: 'text', text: QUESTION } as const;
        const content = [{ type: 'picture', picture: { path } } as const, text];
        const messages = [{ role: 'user' as const, content }];
        const params = { checkpoint, messages, maxTokens: ANSWER_TOKENS, sampling: { temperature: 0 } };
        return (await client.run('chat', params)).timings.totalMs;
      },
      reference: (r, picture) =>
        r.ask({ verb: 'chat', pictures: [picture], prompt: QUESTION, maxTokens: ANSWER_TOKENS }),
    },
  ];
}

async function referenceSettings(defaults: ModelSummary['defaults'], checkpoint: string) {
  const { size, grid, steps, guidance, imageGuidance, planGuidance } = defaults;
  const { tusk } = (await Model.open(checkpoint)).files;
  const guidances = { guidance, imageGuidance, planGuidance, negative: tusk.negative_prompt };
  return { ...size, ...grid, steps, ...guidances, seed: 7 };
}
