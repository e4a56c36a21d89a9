/**
 * Whether a device computes what the processor does: the embedded model's own networks on small seeded inputs, each
 * part on both, compared. Attention is tried fused, then written out.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { encodeSafetensors } from '../checkpoint/write-safetensors.ts';
import { RandomStream, STREAMS } from '../decoding/random.ts';
import { throwIfCancelled, toTuskError } from '../errors.ts';
import { Model, type ModelDevice, type Networks } from '../load.ts';
import { onGpu } from '../memory/plan.ts';
import { type AttentionForm, GraphBuilder } from '../onnx/graph.ts';
import { type DeviceProvider, PARTS, type PartName } from '../placing.ts';
import type { DeviceUse } from '../runtime/provider.ts';
import { Session } from '../runtime/session.ts';
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';
import type { Attempt, DeviceRecord, DeviceRecords, Outcome } from './records.ts';

/** 4-bit numbers: no part of the embedded model has them. */
export const INT4_TEST = 'int4';
export const TESTS = [...PARTS, INT4_TEST] as const;
export type TestName = (typeof TESTS)[number];

/** Relative; both compute in float32, in another order. Activations of 4-bit products are rounded to 8 bits, each its way. */
const TOLERANCE = 1e-3;
const INT4_TOLERANCE = 3e-2;
const FORMS: readonly AttentionForm[] = ['fused', 'plain'];
const LONGEST_DETAIL = 300;

export interface SelfTestRequest {
  provider: DeviceProvider;
  /** Folder of the embedded model. */
  checkpoint: string;
  key: string;
  records: DeviceRecords;
  /** Before each test. */
  onTest?: (test: TestName, done: number, of: number) => void;
  signal?: AbortSignal | undefined;
}

/** Goes on where a process that ended has left it. @throws CancelledError between two tests */
export async function runSelfTest(request: SelfTestRequest): Promise<DeviceRecord> {
  const { provider, key, records } = request;
  let record = (await records.get(provider, key)) ?? { key, attempts: {}, isDone: false };
  for (const attention of FORMS) {
    if (record.isDone) break;
    record = await tryForm(request, record, attention);
  }
  record = { ...record, isDone: true };
  await records.put(provider, record);
  return record;
}

async function tryForm(
  { provider, checkpoint, records, onTest, signal }: SelfTestRequest,
  before: DeviceRecord,
  attention: AttentionForm,
): Promise<DeviceRecord> {
  let record = before;
  const { outcomes, operators } = before.attempts[attention] ?? { outcomes: {}, operators: [] };
  const attempt: Attempt = { outcomes: { ...outcomes }, operators: [...operators] };
  const note = (further: Partial<DeviceRecord>) => {
    record = { ...before, ...further, attempts: { ...before.attempts, [attention]: attempt } };
    return records.put(provider, record);
  };
  for (const [index, test] of TESTS.entries()) {
    if (attempt.outcomes[test]) continue;
    throwIfCancelled(signal);
    onTest?.(test, index, TESTS.length);
    await note({ testing: { attention, test } });
    const compute = test === INT4_TEST ? computeInt4 : computePart(test, checkpoint);
    const { outcome, operators: seen } = await testOne(provider, attention, test, compute);
    attempt.outcomes[test] = outcome;
    attempt.operators = [...new Set([...attempt.operators, ...seen])];
    await note({ testing: undefined });
    if (isNoDevice(outcome)) break;
  }
  const isDone = Object.values(attempt.outcomes).every(({ ok }) => ok) || hasNoDevice(attempt);
  await note({ testing: undefined, isDone });
  return record;
}

/** Not even a session opens: the other tests would say the same. onnxruntime's words for it, and plain ones. */
const NO_DEVICE: readonly (readonly [found: RegExp, words: string])[] = [
  [/adapter/i, 'There is no graphics processor with a driver for it.'],
  [/shared library|LoadLibrary/i, "Its libraries aren't installed."],
  [/backend not found/i, "It doesn't belong to this build."],
];
const hasNoDevice = ({ outcomes }: Attempt): boolean => Object.values(outcomes).some(isNoDevice);
const isNoDevice = ({ detail }: Outcome): boolean => NO_DEVICE.some(([, words]) => words === detail);

const inWords = (message: string): string =>
  NO_DEVICE.find(([found]) => found.test(message))?.[1] ?? message.trim().slice(0, LONGEST_DETAIL);

async function testOne(
  provider: DeviceProvider,
  attention: AttentionForm,
  test: TestName,
  compute: Compute,
): Promise<{ outcome: Outcome; operators: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'tusk-device-'));
  const operators = new Set<string>();
  try {
    const found = await compute({ provider, attention, trace: { folder, operators } }, folder);
    const left = await leftToProcessor(folder);
    const outcome = judge(await compute(undefined, folder), found, test, left);
    return { outcome, operators: outcome.ok ? [...operators] : [] };
  } catch (thrown) {
    return {
      outcome: { ok: false, reason: 'failed', detail: inWords(toTuskError(thrown).message) },
      operators: [],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function judge(
  expected: Float32Array,
  found: Float32Array,
  test: TestName,
  left: readonly string[],
): Outcome {
  const difference = relativeDifference(expected, found);
  const tolerance = test === INT4_TEST ? INT4_TOLERANCE : TOLERANCE;
  if (!(difference <= tolerance))
    return { ok: false, reason: 'differs', ...(Number.isFinite(difference) && { difference }) };
  if (left.length > 0) return { ok: false, difference, reason: 'processor', detail: left.join(', ') };
  return { ok: true, difference };
}

function relativeDifference(expected: Float32Array, found: Float32Array): number {
  if (expected.length !== found.length) return Number.POSITIVE_INFINITY;
  let [largest, scale] = [0, 0];
  for (const [i, value] of expected.entries()) {
    const difference = Math.abs(value - found[i]!);
    if (!Number.isFinite(difference)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, difference);
    scale = Math.max(scale, Math.abs(value));
  }
  return scale === 0 ? largest : largest / scale;
}

interface ProfileEvent {
  args?: { op_name?: string; provider?: string; output_type_shape?: Record<string, number[]>[] };
}

/** Operators that computed floats there, by the profiles. Shapes and copies belong to the processor anyway. */
async function leftToProcessor(folder: string): Promise<string[]> {
  const left = new Set<string>();
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.json'))) {
    const events = JSON.parse(await readFile(join(folder, name), 'utf8')) as ProfileEvent[];
    for (const { args } of events) {
      const isFloat = args?.output_type_shape?.some((output) => 'float' in output || 'float16' in output);
      if (args?.provider === 'CPUExecutionProvider' && isFloat) left.add(args.op_name ?? '');
    }
  }
  return [...left];
}

type Compute = (device: ModelDevice | undefined, folder: string) => Promise<Float32Array>;

const computePart =
  (part: PartName, checkpoint: string): Compute =>
  async (device) => {
    const model = await Model.open(checkpoint);
    try {
      const plan = onGpu(device ? [part] : []);
      const name = part === 'visionEncoder' ? 'languageModel' : part;
      const networks = await model.networks([name], { plan, device });
      return joined(await CASES[part](networks as unknown as Networks, model));
    } finally {
      await model.dispose();
    }
  };

/** Seeded, so that both devices see the same. */
function normals(...shape: number[]): FloatTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return floatTensor(new RandomStream(count, STREAMS.noise).normals(count), shape);
}

/** Longer than the tile of any attention kernel. */
const PROMPT_TOKENS = 40;
const GRID = { rows: 6, columns: 8 };

const CASES: Record<PartName, (networks: Networks, model: Model) => Promise<readonly FloatTensor[]>> = {
  /** A prompt, a batch, a copy of it, with text and visual tokens. */
  languageModel: async ({ languageModel }) => {
    const { generationStart } = languageModel.shape;
    const visual = (i: number) => generationStart + i;
    const run = languageModel.start();
    const wanted = { logits: 1, hidden: [-1] };
    const prompt = Array.from({ length: PROMPT_TOKENS }, (_, i) => i + 1);
    const read = await run.prefill([{ ids: prompt }, { ids: [visual(9), 3, 4] }], wanted);
    const stepped = await run.step([[visual(10)], [5]], wanted);
    const copy = run.fork([1, 0, 1]);
    const copied = await copy.step([[6], [visual(11)], [7]], wanted);
    run.dispose();
    copy.dispose();
    return [...read, ...stepped, ...copied].flatMap(({ logits, hidden }) => [logits, ...hidden]);
  },
  visionEncoder: async ({ languageModel }, { files }) => {
    const { patch_size: patch, temporal_patch_size: frames } = files.config.llm_config.vision_config;
    const { rows, columns } = GRID;
    const pixels = normals(rows * columns, 3 * frames * patch * patch);
    const { embeds, deepstack } = await languageModel.embedPictures(pixels, [[1, rows, columns]]);
    return [embeds, ...deepstack];
  },
  visualTokenizer: async ({ visualTokenizer }) => {
    const { rows, columns } = GRID;
    const codes = Int32Array.from(
      { length: rows * columns },
      (_, i) => (7 * i) % visualTokenizer.codebookSize,
    );
    const image = await visualTokenizer.decode({ rows, columns, codes });
    const { margin } = await visualTokenizer.encode(image);
    return [image, floatTensor([margin], [1])];
  },
  diffusion: async ({ diffusion }, { files }) => {
    const { hidden_size: width } = files.config.llm_config.text_config;
    const { patch, channels } = diffusion.sizes;
    const size = { rows: GRID.rows * patch, columns: GRID.columns * patch };
    const condition = {
      text: normals(PROMPT_TOKENS, width),
      image: normals(PROMPT_TOKENS + 1, width),
      negative: normals(PROMPT_TOKENS + 2, width),
    };
    const prepared = await diffusion.prepare(condition, [normals(1, channels, patch * 4, patch * 4)], size);
    const noise = normals(...prepared.shape);
    const settings = { steps: 1, textGuidance: 2, imageGuidance: 1.5, guidanceRange: [0, 1] } as const;
    const latents: FloatTensor[] = [];
    for await (const step of prepared.denoise({ noise, solver: 'euler', done: 0, ...settings }))
      latents.push(step.latents);
    return latents;
  },
  vaeEncoder: async ({ vaeEncoder }) => {
    const { pixels } = vaeEncoder.sizes;
    return [await vaeEncoder.encode(normals(1, 3, GRID.rows * pixels, GRID.columns * pixels))];
  },
  vaeDecoder: async ({ vaeDecoder }) => {
    return [await vaeDecoder.decode(normals(1, vaeDecoder.sizes.latentChannels, GRID.rows, GRID.columns))];
  },
};

function joined(tensors: readonly FloatTensor[]): Float32Array {
  return Float32Array.from(tensors.flatMap(({ data }) => Array.from(data)));
}

const INT4 = { width: 256, outputs: 64, rows: 5, blockBytes: 64 } as const;

/** One linear layer of 4-bit numbers, as a compiled checkpoint has it. */
async function computeInt4(device: DeviceUse | undefined, folder: string): Promise<Float32Array> {
  const { width, outputs, rows, blockBytes } = INT4;
  const blocks = width / (2 * blockBytes);
  const numbers = Uint8Array.from({ length: outputs * blocks * blockBytes }, (_, i) => (37 * i) % 256);
  const scales = new Float32Array(outputs * blocks).fill(0.02);
  const tensors = {
    'layer.weight.int4': { dtype: 'U8', shape: [outputs, blocks, blockBytes], data: numbers },
    'layer.weight.int4_scale': { dtype: 'F32', shape: [outputs * blocks], data: scales },
  } as const;
  const path = join(folder, 'layer.safetensors');
  await writeFile(path, encodeSafetensors(tensors));
  const graph = new GraphBuilder('int4', await Checkpoint.ofFile(path));
  const x = graph.input('x', 'float32', ['rows', width]);
  graph.output('y', graph.linear(x, 'layer', width, outputs, false), 'float32', ['rows', outputs]);
  const session = await Session.create(graph.finish(), { device });
  try {
    const { y } = await session.run({ x: normals(rows, width) });
    return y!.data as Float32Array;
  } finally {
    await session.dispose();
  }
}
