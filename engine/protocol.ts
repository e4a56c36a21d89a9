/**
 * Everything that may cross a process: requests, events, error codes. Schemas, types derived from them, and
 * constants; no behaviour. Both sides check what arrives with these schemas.
 *
 * The conversation, the same over a child process, an Electron MessagePort or a WebSocket:
 *   engine -> `{ event: 'ready', protocol, pid }` once
 *   client -> `{ id, verb, params }`
 *   engine -> `{ event: 'alive' }` each second while it owes answers, as often as the network at work lets it
 *   engine -> any number of progress events `{ id, event, ... }`, then exactly one `done` or `failed`
 *   client -> `{ id, verb: 'cancel', params: { target } }`: `target` ends with `failed` and code `cancelled`
 *
 * Messages are plain structured-cloneable objects; bytes are `Uint8Array`. A transport that carries only text
 * has to frame the bytes itself.
 */
import { z } from 'zod';
import { DECODERS, ROUNDINGS, SOLVERS } from './choices.ts';
import { ERROR_CODES } from './errors.ts';
import { PARTS, PROCESSOR_REASONS, PROVIDERS, TEST_FAILURES } from './placing.ts';

export const PROTOCOL_VERSION = 1;

/** How often an engine that owes an answer says that it lives. */
export const HEARTBEAT_MS = 1_000;

export const LIMITS = {
  promptCharacters: 20_000,
  pictureFileBytes: 64 * 2 ** 20,
  referencePictures: 5,
  imagesPerRequest: 16,
  messagesPerChat: 1_000,
  steps: 1_000,
  guidance: 100,
  sidePixels: { min: 16, max: 4_096 },
  /** Of an enlarged picture: 8,192 x 8,192. */
  enlargedPixels: 2 ** 26,
  seed: Number.MAX_SAFE_INTEGER,
  answerTokens: 8_192,
} as const;

const milliseconds = z.number().nonnegative();
const count = z.number().int().nonnegative();
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');
const path = z.string().min(1).max(4_096);

/** Text a person wrote: 1 to 20,000 characters, not blank, no NUL, no half surrogate pairs. */
export const promptText = z
  .string()
  .max(LIMITS.promptCharacters, `is longer than ${LIMITS.promptCharacters} characters`)
  .refine((text) => text.trim() !== '', 'is empty')
  .refine((text) => !text.includes('\0'), 'contains a NUL character')
  .refine(
    (text) => !/\p{Surrogate}/u.test(text),
    'contains half a surrogate pair, so it is not valid Unicode',
  );

/** A picture to read: a PNG, JPEG or WebP file by path, or its bytes. */
const pictureSource = z.union([
  z.strictObject({ path }),
  z.strictObject({
    bytes: bytes.refine((b) => b.length <= LIMITS.pictureFileBytes, 'is larger than 64 MiB'),
  }),
]);
export type PictureSource = z.infer<typeof pictureSource>;

/** A finished picture (PNG) or a preview (JPEG): a whole file in memory. */
const picture = z.object({
  mediaType: z.enum(['image/png', 'image/jpeg']),
  /** Pixels. */
  width: count,
  height: count,
  bytes,
});
export type PictureFile = z.infer<typeof picture>;

const side = z.number().int().min(LIMITS.sidePixels.min).max(LIMITS.sidePixels.max);

/** A checkpoint folder; absent = the embedded model. */
const checkpoint = path.optional();

const sampling = z.strictObject({
  /** 0 = greedy: the likeliest token always. */
  temperature: z.number().min(0).max(10).optional(),
  /** 0 = off. */
  topK: z.number().int().min(0).max(10_000_000).optional(),
  /** 1 = off. */
  topP: z.number().gt(0).max(1).optional(),
  /** 1 = off. */
  repetitionPenalty: z.number().gt(0).max(10).optional(),
});
export type SamplingOverrides = z.infer<typeof sampling>;

/** Where a model's parts are held and as what numbers; absent = what fits best. See engine/memory/plan.ts. */
export const memoryChoice = z.strictObject({
  holding: z.enum(['together', 'staged']).optional(),
  precision: z.enum(['source', 'compiled']).optional(),
  /** Where parts are computed; absent = `auto`: a GPU that has passed its self-test, else the processor. */
  device: z.enum(['auto', ...PROVIDERS]).optional(),
  /** Parts that are put there; absent = all that can be. */
  deviceParts: z.array(z.enum(PARTS)).optional(),
});
export type MemoryChoice = z.infer<typeof memoryChoice>;

/** Settings of both picture verbs. Whatever is absent comes from the checkpoint (tusk.json), else the reference. */
const pictureSettings = {
  checkpoint,
  memory: memoryChoice.optional(),
  /** What the picture should not be. Default: the checkpoint's own. Empty is allowed. */
  negative: z.union([promptText, z.literal('')]).optional(),
  /** 0 to 2^53 - 1. Absent = drawn at random and told in `done`. Picture i of a request uses seed + i. */
  seed: z.number().int().min(0).max(LIMITS.seed).optional(),
  /** Denoising steps; time grows in proportion. */
  steps: z.number().int().min(1).max(LIMITS.steps).optional(),
  /** Text guidance of the denoising; 1 = off, which halves its time. */
  guidance: z.number().min(0).max(LIMITS.guidance).optional(),
  /** Guidance of the plan (the visual tokens); 1 = off. */
  planGuidance: z.number().min(0).max(LIMITS.guidance).optional(),
  /** Share of the steps that is guided. */
  guidanceRange: z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]).optional(),
  /** How the plan's tokens are drawn. */
  sampling: sampling.optional(),
  /** How steps follow the velocity: `second-order` needs fewer of them. Default `euler`, the reference's. */
  solver: z.enum(SOLVERS).optional(),
  /** What is computed in small numbers: about twice as fast, slightly other pictures. See presets.ts. */
  rounded: z.enum(ROUNDINGS).optional(),
  /** `tiny`: pixels by the checkpoint's tiny decoder, if it brings one: quicker, slightly softer. */
  decoder: z.enum(DECODERS).optional(),
  /** `best`, `balanced`, `fast` or one of the checkpoint's tusk.json; single settings given beside it win. */
  preset: z.string().min(1).max(64).optional(),
  /** Rows and columns of the plan; absent = as the size asks. */
  grid: z
    .strictObject({ rows: z.number().int().min(1).max(99), columns: z.number().int().min(1).max(99) })
    .optional(),
  images: z.number().int().min(1).max(LIMITS.imagesPerRequest).default(1),
  /** Small pictures on `plan` and `step` events. They cost a little time each. */
  previews: z.boolean().default(true),
  /** The `state` of a `stopped` event, as a file: the same request, of one picture, goes on where it stood. */
  resume: path.optional(),
  /** A .safetensors dump with `mid.ids`, `in.noise`, `in.posterior_noise.0` in place of the draws. */
  replay: path.optional(),
};

const createParams = z.strictObject({
  prompt: promptText,
  /** Pixels, a multiple of what the model's VAE and patches need. */
  size: z.strictObject({ width: side, height: side }).optional(),
  ...pictureSettings,
});

const editParams = z.strictObject({
  instruction: promptText,
  /** In the order of the conversation; the last one is edited and sets the size. */
  pictures: z.array(pictureSource).min(1).max(LIMITS.referencePictures),
  /** Guidance towards the source picture; 1 = off. */
  imageGuidance: z.number().min(0).max(LIMITS.guidance).optional(),
  ...pictureSettings,
});

const chatPart = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: promptText }),
  z.strictObject({ type: z.literal('picture'), picture: pictureSource }),
]);

const chatMessage = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.array(chatPart).min(1).max(64),
});
export type ChatMessage = z.infer<typeof chatMessage>;

const chatParams = z.strictObject({
  checkpoint,
  memory: memoryChoice.optional(),
  /** The whole conversation, oldest first; the last message is the person's. */
  messages: z.array(chatMessage).min(1).max(LIMITS.messagesPerChat),
  maxTokens: z.number().int().min(1).max(LIMITS.answerTokens).optional(),
  sampling: sampling.optional(),
  seed: z.number().int().min(0).max(LIMITS.seed).optional(),
});

/** What a picture can be enlarged by. */
export const upscaleFactor = z.union([z.literal(2), z.literal(4)]);

const upscaleParams = z.strictObject({
  picture: pictureSource,
  factor: upscaleFactor,
  /** A folder with the enlarging network; absent = the one that comes with Tusk. */
  weights: path.optional(),
  /** The picture so far on each `tile` event. */
  previews: z.boolean().default(true),
});

const loadParams = z.strictObject({ checkpoint });

const infoParams = z.strictObject({
  checkpoint,
  /** Read every weight and look for values that are not finite. */
  deep: z.boolean().default(false),
});

/** A self-test that costs the engine its life goes on one test further: each part's and one more, in two forms. */
export const MOST_TEST_LOSSES = 2 * (PARTS.length + 1);

const devicesParams = z.strictObject({
  /** Runs the self-test of that one first. A driver may end the process: asked again, it goes on behind that test. */
  test: z.enum(PROVIDERS).exclude(['cpu']).optional(),
  checkpoint,
});

const verifyParams = z.strictObject({
  /** A folder laid out as test/parity/FORMAT.md says: one variant, or a folder of variants. */
  folder: path,
  stage: z.string().min(1).max(64).optional(),
  /** What computes; absent = the processor. Its self-test must have been run. */
  device: z.enum(PROVIDERS).optional(),
});

/** What the optional tusk.json of a checkpoint says it was trained for, with the reference's values as default. */
export const modelDefaults = z.object({
  size: z.object({ width: count, height: count }),
  /** Rows and columns of the plan for `size`. */
  grid: z.object({ rows: count, columns: count }),
  steps: count,
  guidance: z.number(),
  imageGuidance: z.number(),
  planGuidance: z.number(),
});

const modelSummary = z.object({
  name: z.string(),
  path: z.string(),
  /** sha256 of config and weight headers: changes when the checkpoint does. */
  fingerprint: z.string(),
  weightBytes: count,
  /** How many earlier questions and answers may be sent along with a question, and whether also about other pictures. */
  conversation: z.object({ exchanges: count, acrossPictures: z.boolean() }),
  defaults: modelDefaults,
  presets: z.array(z.string()),
  /** Sizes in pixels the model was trained for; empty = not stated. */
  trainedSizes: z.array(z.object({ width: count, height: count })),
  abilities: z.array(z.string()),
  /** Words the model knows, when tusk.json lists them. */
  vocabulary: z.array(z.string()),
  /** Languages the model understands, ISO 639, when tusk.json lists them. */
  languages: z.array(z.string()),
  /** Prompts, instructions and questions the model does well. */
  examples: z.object({ create: z.array(z.string()), edit: z.array(z.string()), ask: z.array(z.string()) }),
  loadMs: milliseconds,
});
export type ModelSummary = z.infer<typeof modelSummary>;

/** See engine/memory/plan.ts. */
const memoryPlan = z.object({
  holding: z.enum(['together', 'staged']),
  placements: z.record(
    z.string(),
    z.object({
      form: z.enum(['source', 'compiled']),
      precision: z.enum(['source', 'int8', 'int4']),
      device: z.enum(['cpu', 'gpu']),
      bytes: count,
      reason: z.enum(PROCESSOR_REASONS).optional(),
    }),
  ),
  stages: z.array(z.object({ name: z.string(), parts: z.array(z.string()), bytes: count, gpuBytes: count })),
  peakBytes: count,
  gpuPeakBytes: count,
  fits: z.boolean(),
});

/** A device and what its self-test found. See engine/devices/devices.ts. */
export const device = z.object({
  provider: z.enum(PROVIDERS),
  /** As people know it; empty where the system doesn't tell. */
  name: z.string(),
  memoryBytes: count.nullable(),
  freeBytes: count.nullable(),
  state: z.enum(['ready', 'partly', 'unusable', 'untested']),
  attention: z.enum(['fused', 'plain']).optional(),
  tests: z.record(
    z.string(),
    z.object({
      ok: z.boolean(),
      difference: z.number().optional(),
      reason: z.enum(TEST_FAILURES).optional(),
      detail: z.string().optional(),
    }),
  ),
});
export type DeviceInfo = z.infer<typeof device>;

export const runDevice = z.object({
  provider: z.enum(PROVIDERS),
  name: z.string(),
  parts: z.array(z.enum(PARTS)),
  /** Parts that the processor computes nevertheless, and why. */
  onProcessor: z.array(z.object({ part: z.enum(PARTS), reason: z.enum(PROCESSOR_REASONS) })),
});
/** Which device computes what of a run. */
export type RunDevice = z.infer<typeof runDevice>;

export const checkpointInfo = z.object({
  name: z.string(),
  path: z.string(),
  fingerprint: z.string(),
  fileBytes: count,
  networks: z.array(
    z.object({
      name: z.string(),
      parameters: count,
      tensors: count,
      bytes: count,
      /** dtype on disk -> parameters. */
      dtypes: z.record(z.string(), count),
    }),
  ),
  /** Expected high-water mark of the engine's process, by verb. */
  memoryBytes: z.object({ create: count, edit: count, chat: count }),
  /** What each pixel of a picture beyond the default size adds to that. */
  memoryBytesPerPixel: count,
  /** What was free, and how each verb would be done with it, a picture of the default size. */
  machine: z.object({ freeBytes: count, gpuBytes: count }),
  plans: z.object({ create: memoryPlan, edit: memoryPlan, chat: memoryPlan }),
  /** That a picture would be made on; null = the processor. */
  device: runDevice.nullable(),
  defaults: modelDefaults,
  /** Tensors with values that are not finite; only looked for with `deep`. */
  nonFinite: z.array(z.string()).optional(),
});
export type CheckpointInfo = z.infer<typeof checkpointInfo>;

/** Wall-clock milliseconds by stage, and rates. A stage that didn't run is 0. */
const timings = z.object({
  loadMs: milliseconds,
  readMs: milliseconds,
  planMs: milliseconds,
  stepsMs: milliseconds,
  decodeMs: milliseconds,
  totalMs: milliseconds,
});
export type Timings = z.infer<typeof timings>;

/** Everything needed to make the same picture again; also written into the PNG. */
export const recipe = z.object({
  verb: z.enum(['create', 'edit']),
  prompt: z.string(),
  negative: z.string(),
  seed: count,
  width: count,
  height: count,
  /** Rows and columns of the plan. */
  grid: z.object({ rows: count, columns: count }),
  steps: count,
  /** Pictures made before there was a choice were made by Euler steps. */
  solver: z.enum(SOLVERS).default('euler'),
  rounded: z.enum(ROUNDINGS).default('nothing'),
  decoder: z.enum(DECODERS).default('vae'),
  guidance: z.number(),
  imageGuidance: z.number(),
  planGuidance: z.number(),
  guidanceRange: z.tuple([z.number(), z.number()]),
  sampling: sampling.required(),
  model: z.string(),
  modelFingerprint: z.string(),
  /** Of an edit: outside of its change it is its source. */
  laidBack: z.boolean().optional(),
});
export type Recipe = z.infer<typeof recipe>;

const pictureResult = z.object({
  pictures: z.array(z.object({ picture, recipe })).min(1),
  timings,
  tokens: count,
});
export type PictureResult = z.infer<typeof pictureResult>;

const upscaleResult = z.object({
  /** Its file says that a model made it where the source's file does. */
  picture,
  loadMs: milliseconds,
  totalMs: milliseconds,
});
export type UpscaleResult = z.infer<typeof upscaleResult>;

const chatResult = z.object({
  text: z.string(),
  tokens: count,
  /** `stop`: the model ended its answer; `length`: it was cut at maxTokens. */
  finish: z.enum(['stop', 'length']),
  timings: timings.extend({ firstTokenMs: milliseconds }),
});
export type ChatResult = z.infer<typeof chatResult>;

/** A tolerance is relative (FORMAT.md's rule), or text such as "1 grey level" for pictures. */
const verifyCase = z.object({
  stage: z.string(),
  case: z.string(),
  /** null when shapes, infinities or results differ, so that no number can be given. */
  maxAbs: z.number().nullable(),
  maxRel: z.number().nullable(),
  tolerance: z.union([z.number(), z.string()]),
  ok: z.boolean(),
  /** What differed or failed, when not ok. */
  detail: z.string().optional(),
});
export type VerifyCase = z.infer<typeof verifyCase>;

const verifyResult = z.object({ cases: z.array(verifyCase), passed: count, failed: count });
export type VerifyResult = z.infer<typeof verifyResult>;

/** One row a verb: what it takes and what its `done` brings. Everything else derives from this table. */
export const VERBS = {
  load: { params: loadParams, result: modelSummary },
  info: { params: infoParams, result: checkpointInfo },
  create: { params: createParams, result: pictureResult },
  edit: { params: editParams, result: pictureResult },
  chat: { params: chatParams, result: chatResult },
  upscale: { params: upscaleParams, result: upscaleResult },
  devices: { params: devicesParams, result: z.object({ devices: z.array(device) }) },
  verify: { params: verifyParams, result: verifyResult },
  cancel: {
    params: z.strictObject({ target: z.string().min(1).max(64) }),
    /** false: there was no such request, or it had ended. */
    result: z.object({ found: z.boolean() }),
  },
} as const;

export type Verb = keyof typeof VERBS;
/** What a caller writes (defaults may be left out). */
export type ParamsInput<V extends Verb> = z.input<(typeof VERBS)[V]['params']>;
/** What a handler gets (defaults filled in). */
export type Params<V extends Verb> = z.output<(typeof VERBS)[V]['params']>;
export type Result<V extends Verb> = z.output<(typeof VERBS)[V]['result']>;

/** The envelope of a request; `params` is checked by the verb's own schema. */
export const requestEnvelope = z.strictObject({
  id: z.string().min(1).max(64),
  verb: z.enum(Object.keys(VERBS) as [Verb, ...Verb[]]),
  params: z.unknown(),
});
export type Request<V extends Verb = Verb> = { id: string; verb: V; params: ParamsInput<V> };

/** Picture `image` of a request, counted from 0. */
const image = count;

/** Parameters that take the place of the request's, so that it can be done. */
export const nextChoice = z.object({
  size: z.object({ width: count, height: count }).optional(),
  memory: memoryChoice.optional(),
});

const progressBodies = [
  /** A network is being made ready. `part` of `parts`, counted from 1. */
  z.object({ event: z.literal('loading'), what: z.string(), part: count, parts: count }),
  /** Where the model's parts sit is decided; `smaller` asks for less, should memory run out nevertheless. */
  z.object({
    event: z.literal('placed'),
    smaller: nextChoice.optional(),
    /** Absent: the processor computes all. */
    device: runDevice.optional(),
  }),
  /** The prompt and the pictures are being read. */
  z.object({ event: z.literal('reading'), tokens: count, pictures: count }),
  /** Row `row` of `rows` of the plan is ready; the preview shows the finished rows. */
  z.object({ event: z.literal('plan'), image, row: count, rows: count, preview: picture.optional() }),
  /** Denoising step `step` of `steps` is done; the preview shows what it will become. */
  z.object({ event: z.literal('step'), image, step: count, steps: count, preview: picture.optional() }),
  z.object({ event: z.literal('decoding'), image }),
  /** The last event of a picture that was cancelled after `step` steps; `state` is what `resume` takes. */
  z.object({ event: z.literal('stopped'), image, step: count, steps: count, state: bytes }),
  /** Tile `tile` of `tiles` is enlarged; the preview shows the whole picture with the tiles finished so far. */
  z.object({ event: z.literal('tile'), tile: count, tiles: count, preview: picture.optional() }),
  /** More of a chat's answer. */
  z.object({ event: z.literal('text'), delta: z.string() }),
  /** One parity case was compared. */
  z.object({ event: z.literal('verified'), case: verifyCase }),
] as const;

/** A progress event before it is addressed to a request: what verbs emit. */
export const progress = z.discriminatedUnion('event', progressBodies);
export type Progress = z.infer<typeof progress>;
export type Emit = (event: Progress) => void;

/** What a verb works with besides its parameters. */
export interface RequestContext {
  emit: Emit;
  /** Looked at between tokens and between steps. */
  signal: AbortSignal;
}

const errorCode = z.enum(ERROR_CODES);

const failure = z.object({
  code: errorCode,
  /** One plain sentence. */
  message: z.string(),
  /** What the person can do next. */
  hint: z.string().optional(),
  next: nextChoice.optional(),
});
export type Failure = z.infer<typeof failure>;

const addressed = z.object({ id: z.string() });

/** Everything the engine may send. `done.result` is checked by the schema of the verb that was asked. */
export const engineMessage = z.union([
  z.object({ event: z.literal('ready'), protocol: z.number(), pid: z.number() }),
  z.object({ event: z.literal('alive') }),
  addressed.and(progress),
  addressed.extend({ event: z.literal('done'), result: z.unknown() }),
  addressed.extend({ event: z.literal('failed') }).extend(failure.shape),
]);
export type EngineMessage = z.infer<typeof engineMessage>;

/** `killed`: neither by itself nor by its client. Systems do so when memory runs short. */
export type Ending = 'ended' | 'killed';

/** Any two-way channel of structured-cloneable messages: a child process, a MessagePort, a WebSocket. */
export interface Port {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once when the other side is gone; what is known of its process's end comes along. */
  onClose(listener: (ending?: Ending) => void): void;
  close(): void;
}
