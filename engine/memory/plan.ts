/**
 * Which part of a model sits where, as what numbers, and for how long: the first of some choices, best first, whose
 * every stage fits. Exact numbers come before rounded ones where nobody asks for those, keeping everything loaded before
 * loading for each stage.
 */
import type { CheckpointConfig } from '../checkpoint/config.ts';
import type { NextChoice } from '../errors.ts';
import type { AttentionForm } from '../models/quantisation.ts';
import { PARTS, type PartName, type ProcessorReason } from '../placing.ts';
import type { Form, ModelMemory, Precision } from './parts.ts';
import { type Workload, workingBytes } from './working.ts';

export type PlannedVerb = 'create' | 'edit' | 'chat';
/** `together`: all parts stay loaded. `staged`: a stage loads its own and frees the others. */
export type Holding = 'together' | 'staged';

/** What may be taken up. */
export interface Machine {
  freeBytes: number;
  /** 0: nothing is put on a GPU. */
  gpuBytes: number;
}

/** What a person decides; the rest is chosen. */
export interface MemoryChoice {
  holding?: Holding | undefined;
  /** `compiled`: of parts that have a rounded form, that one. */
  precision?: Form | undefined;
  /** Which device a request has; decided before it is planned, and kept by what asks for less. */
  device?: DeviceWish['device'];
  deviceParts?: DeviceWish['deviceParts'];
}
type DeviceWish = NonNullable<NextChoice['memory']>;

export interface Placement {
  form: Form;
  precision: Precision;
  device: 'cpu' | 'gpu';
  bytes: number;
  /** Why it isn't on the device that the run has. */
  reason?: ProcessorReason;
}

/** A tested device that parts are put on as far as they fit. */
export interface DeviceRoom {
  gpuBytes: number;
  /** Parts that may not be there. */
  barred: Partial<Record<PartName, ProcessorReason>>;
  /** It has products of 4-bit numbers. */
  hasInt4: boolean;
  attention: AttentionForm;
}

export interface PlannedStage {
  name: string;
  /** Those at work; all others too where the plan holds them together. */
  parts: PartName[];
  bytes: number;
  gpuBytes: number;
}

export interface MemoryPlan {
  holding: Holding;
  placements: Partial<Record<PartName, Placement>>;
  stages: PlannedStage[];
  /** Of the process, at its fullest stage. */
  peakBytes: number;
  gpuPeakBytes: number;
  fits: boolean;
}

export interface MemoryRequest {
  verb: PlannedVerb;
  memory: ModelMemory;
  config: CheckpointConfig;
  work: Workload;
  machine: Machine;
  choice?: MemoryChoice | undefined;
  /** Absent: a GPU of which nothing but `machine.gpuBytes` is known. */
  device?: DeviceRoom | undefined;
  /** Parts that pictures are made with in 8-bit numbers where they sit there as they are. */
  secondCopies?: readonly PartName[] | undefined;
  /** Parts that take their compiled form even where there is room for the source's, as long as no GPU computes them. */
  preferCompiled?: readonly PartName[] | undefined;
}

interface Settled extends MemoryRequest {
  /** Those that take their compiled form, and no others. */
  compiledParts?: readonly PartName[];
}

interface Stage {
  name: string;
  /** Loaded. */
  parts: readonly PartName[];
  /** Of those the ones that run on whole pictures or prompts. */
  busy: readonly PartName[];
}

const PLAN: Stage = {
  name: 'plan',
  parts: ['languageModel', 'visualTokenizer'], // which draws previews of the plan
  busy: ['languageModel'],
};
const PAINT: Stage = { name: 'paint', parts: ['diffusion', 'vaeDecoder'], busy: ['diffusion'] };
const DECODE: Stage = { name: 'decode', parts: ['vaeDecoder'], busy: ['vaeDecoder'] };
const READ: Stage = {
  name: 'read',
  parts: ['languageModel', 'visionEncoder', 'visualTokenizer'],
  busy: ['visionEncoder', 'visualTokenizer'],
};
const REFERENCES: Stage = { name: 'references', parts: ['vaeEncoder'], busy: ['vaeEncoder'] };
const ANSWER_PARTS: readonly PartName[] = ['languageModel', 'visionEncoder'];

const STAGES: Record<PlannedVerb, readonly Stage[]> = {
  create: [PLAN, PAINT, DECODE],
  edit: [READ, PLAN, REFERENCES, PAINT, DECODE],
  chat: [{ name: 'answer', parts: ANSWER_PARTS, busy: ANSWER_PARTS }],
};

/** The process itself, graphs and pictures. */
const BASE_BYTES = 250e6;
/** First on the GPU what gains most there. 8-bit products have no kernel on it. */
const GPU_ORDER: readonly PartName[] = [
  'diffusion',
  'languageModel',
  'vaeDecoder',
  'visionEncoder',
  'vaeEncoder',
  'visualTokenizer',
];
const ON_GPU: readonly Precision[] = ['source', 'int4'];

/** Parts that take their rounded form, in the order of what is gained for what is lost. */
const ROUNDED: readonly (readonly PartName[])[] = [[], ['languageModel'], ['languageModel', 'diffusion']];
const HOLDINGS: readonly Holding[] = ['together', 'staged'];

/** These parts on the GPU, as the checkpoint has them, and all others and the barred on the processor. Nothing is counted. */
export function onGpu(parts: readonly PartName[], barred: DeviceRoom['barred'] = {}): MemoryPlan {
  const place = { form: 'source', precision: 'source', bytes: 0 } as const;
  const placements: MemoryPlan['placements'] = {};
  for (const part of parts) {
    const reason = barred[part];
    placements[part] = reason ? { ...place, device: 'cpu', reason } : { ...place, device: 'gpu' };
  }
  return { holding: 'together', placements, stages: [], peakBytes: 0, gpuPeakBytes: 0, fits: true };
}

/** The first choice that fits, else the one that comes nearest, with `fits: false`. */
export function planMemory(request: MemoryRequest): MemoryPlan {
  const plans = candidates(request.verb === 'chat' ? likePictures(request) : request);
  return plans.find(({ fits }) => fits) ?? plans.reduce((a, b) => (b.peakBytes < a.peakBytes ? b : a));
}

/** Questions take the forms that pictures take, so that going from one to the other loads nothing anew. */
function likePictures(request: MemoryRequest): Settled {
  const pictures = planMemory({ ...request, verb: 'create' });
  if (!pictures.fits) return request;
  const isCompiled = (part: PartName) => pictures.placements[part]?.form === 'compiled';
  return { ...request, choice: choiceOf(pictures), compiledParts: PARTS.filter(isCompiled) };
}

/** What needs less than a plan that turned out too large: the next choice that does, else a smaller picture. */
export function nextSmaller(
  request: MemoryRequest,
  plan: MemoryPlan,
): { choice: MemoryChoice; width: number; height: number } | undefined {
  const { work, verb } = request;
  const { width, height } = work;
  // An edit has its source's size.
  const sizes = verb === 'create' ? [{ width, height }, ...halvings(work)] : [{ width, height }];
  for (const size of sizes) {
    const halved = { ...work, ...size, planTokens: planTokensOf(work, size) };
    const found = candidates({ ...request, work: halved, choice: {} }).find(
      ({ fits, peakBytes }) => fits && peakBytes < plan.peakBytes,
    );
    const { device, deviceParts } = request.choice ?? {};
    const wish = { ...(device && { device }), ...(deviceParts && { deviceParts }) };
    if (found) return { choice: { ...choiceOf(found), ...wish }, ...size };
  }
  return undefined;
}

const choiceOf = ({ holding, placements }: MemoryPlan): MemoryChoice => ({
  holding,
  precision: Object.values(placements).some(({ form }) => form === 'compiled') ? 'compiled' : 'source',
});

const planTokensOf = (work: Workload, size: { width: number; height: number }): number =>
  Math.ceil((work.planTokens * size.width * size.height) / (work.width * work.height));

/** Sides that every model of this layout can make. */
const SIDE_UNIT = 32;

function halvings({ width, height }: { width: number; height: number }): { width: number; height: number }[] {
  const half = (side: number) => Math.floor(side / 2 / SIDE_UNIT) * SIDE_UNIT;
  const next = { width: half(width), height: half(height) };
  return next.width > 0 && next.height > 0 ? [next, ...halvings(next)] : [];
}

function candidates(request: Settled): MemoryPlan[] {
  const { choice = {} } = request;
  const holdings = choice.holding ? [choice.holding] : HOLDINGS;
  const forms = roundings(request)
    .map((rounded) => formsWith(request, rounded))
    .filter((found) => found !== undefined);
  const wanted = choice.precision === 'compiled' ? forms.slice(-1) : forms;
  return wanted.flatMap((found) => holdings.map((holding) => place(request, found, holding)));
}

/** Which parts take their compiled form, the choices in their order. */
function roundings({ choice, compiledParts, preferCompiled = [], machine }: Settled) {
  if (compiledParts) return [compiledParts];
  if (choice?.precision === 'source') return ROUNDED.slice(0, 1);
  const least = machine.gpuBytes === 0 ? preferCompiled : [];
  return ROUNDED.map((rounded) => PARTS.filter((part) => rounded.includes(part) || least.includes(part)));
}

type Forms = Partial<Record<PartName, Placement>>;

/** Undefined if a part has no such form. */
function formsWith({ memory }: MemoryRequest, rounded: readonly PartName[]): Forms | undefined {
  const placements: Forms = {};
  for (const part of PARTS) {
    const forms = memory[part];
    const form = rounded.includes(part) || !forms.source ? 'compiled' : 'source';
    const found = forms[form];
    if (!found) return undefined;
    placements[part] = { form, ...found, device: 'cpu' };
  }
  return placements;
}

/** Puts on the GPU what fits there in every stage. */
function place(request: MemoryRequest, forms: Forms, holding: Holding): MemoryPlan {
  let placements = forms;
  for (const part of GPU_ORDER) {
    const now = placements[part];
    const isUsed = STAGES[request.verb].some(({ parts }) => parts.includes(part));
    if (!now || !isUsed) continue;
    const moved: Forms = { ...placements, [part]: { ...now, device: 'gpu' } };
    const fits = () => measure(request, moved, holding).gpuPeakBytes <= request.machine.gpuBytes;
    const reason = objection(request, part, now.precision) ?? (fits() ? undefined : 'room');
    if (!reason) placements = moved;
    else if (request.device) placements = { ...placements, [part]: { ...now, reason } };
  }
  return measure(request, placements, holding);
}

function objection(
  { device }: MemoryRequest,
  part: PartName,
  precision: Precision,
): ProcessorReason | undefined {
  const lacks = precision === 'int4' && device && !device.hasInt4;
  if (!ON_GPU.includes(precision) || lacks) return 'numbers';
  return device?.barred[part];
}

/** A second copy is on the processor, beside the first one as long as that isn't freed. */
function copiesOf(
  { memory, secondCopies = [] }: MemoryRequest,
  placements: Forms,
  part: PartName,
): Placement[] {
  const first = placements[part]!;
  const { rounded } = memory[part];
  const isDoubled = rounded && first.form === 'source' && secondCopies.includes(part);
  return isDoubled ? [first, { ...first, ...rounded, device: 'cpu' }] : [first];
}

function measure(request: MemoryRequest, placements: Forms, holding: Holding): MemoryPlan {
  const { verb, config, work, machine } = request;
  const copies = (part: PartName) => copiesOf(request, placements, part);
  // Questions are answered by the first copy.
  const used = (part: PartName) => copies(part).at(verb === 'chat' ? 0 : -1)!;
  const stages = STAGES[verb].map(({ name, parts, busy }) => {
    const held = holding === 'together' ? PARTS.flatMap(copies) : parts.map(used);
    const on = (device: Placement['device']) => {
      const own = held.filter((copy) => copy.device === device);
      const weights = own.reduce((sum, { bytes }) => sum + bytes, 0);
      const atWork = busy.filter((part) => used(part).device === device);
      const attention = device === 'gpu' ? request.device?.attention : undefined;
      const working = atWork.map((part) => workingBytes(part, config, work, attention));
      return weights + Math.max(0, ...working);
    };
    return { name, parts: [...parts], bytes: BASE_BYTES + on('cpu'), gpuBytes: on('gpu') };
  });
  const peakBytes = Math.max(...stages.map(({ bytes }) => bytes));
  const gpuPeakBytes = Math.max(...stages.map(({ gpuBytes }) => gpuBytes));
  const fits = peakBytes <= machine.freeBytes && gpuPeakBytes <= machine.gpuBytes;
  return { holding, placements, stages, peakBytes, gpuPeakBytes, fits };
}
