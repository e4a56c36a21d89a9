/**
 * What the studio (queue, chats, versions, library) and a window say to each other: requests, answers, events.
 * One definition: the studio's handler table and the window's client both derive their types from it, zod checks
 * what crosses the boundary. Only opaque ids cross, never a path. The inference process speaks `protocol.ts`.
 */
import { z } from 'zod';
import { PROVIDERS } from './placing.ts';
import { checkpointInfo, device, memoryChoice, nextChoice, runDevice } from './protocol.ts';

const id = z.string().regex(/^[a-z0-9]{8,40}$/);
const text = z.string().max(1_000_000);
const seed = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const MODES = ['ask', 'create', 'edit'] as const;
/** What a message can ask for. */
export type Mode = (typeof MODES)[number];
/** What a job can be: enlarging is asked for by a button. */
export const JOB_MODES = [...MODES, 'upscale'] as const;

export const PRESETS = ['fast', 'balanced', 'best'] as const;

/** What a person may set for a picture; absent = the checkpoint's default. Guidance without unit, size in pixels. */
export const pictureSettings = z.object({
  preset: z.enum(PRESETS).optional(),
  steps: z.number().int().min(1).max(1000).optional(),
  textGuidance: z.number().min(0).max(100).optional(),
  imageGuidance: z.number().min(0).max(100).optional(),
  planGuidance: z.number().min(0).max(100).optional(),
  width: z.number().int().min(16).max(8192).optional(),
  height: z.number().int().min(16).max(8192).optional(),
  negative: text.optional(),
  /** Of an enlarged picture: so many times its source. */
  factor: z.union([z.literal(2), z.literal(4)]).optional(),
});
export type PictureSettings = z.infer<typeof pictureSettings>;

/** A word of a prompt outside the model's vocabulary, with near spellings it knows. */
const unknownWord = z.object({ word: z.string(), nearest: z.array(z.string()) });

export const VERSION_KINDS = [
  'create',
  'edit',
  'import',
  'draft',
  'crop',
  'rotate',
  'flip',
  'upscale',
  'blend',
] as const;

/** A node of the version tree: one picture, how it came to be, and what a person did with it. */
export const version = z.object({
  id,
  chatId: id.nullable(),
  parentId: id.nullable(),
  /** Further pictures that went in (a second reference). */
  referenceIds: z.array(id),
  kind: z.enum(VERSION_KINDS),
  /** The prompt or instruction; the file's name for an import. */
  prompt: text,
  seed: seed.nullable(),
  settings: pictureSettings,
  model: z.string(),
  width: z.number().int(),
  height: z.number().int(),
  sizeBytes: z.number().int(),
  durationMs: z.number().nullable(),
  createdAt: z.number(),
  starred: z.boolean(),
  tags: z.array(z.string().max(64)),
  deletedAt: z.number().nullable(),
  unknownWords: z.array(unknownWord),
  /** What it shows, in the words of a model; empty until one was asked. */
  caption: text.default(''),
});
export type Version = z.infer<typeof version>;

export const turn = z.object({
  id,
  chatId: id,
  role: z.enum(['person', 'tusk']),
  mode: z.enum(JOB_MODES),
  text,
  /** Pictures shown with the turn: what a person's message is about, or what Tusk made (siblings of one request). */
  versionIds: z.array(id),
  jobId: id.nullable(),
  /** Of Tusk's turns: the person's turn it answers. It appears when the first job of that turn has something to show. */
  replyToId: id.nullable(),
  createdAt: z.number(),
});
export type Turn = z.infer<typeof turn>;

export const chat = z.object({
  id,
  title: z.string().max(200),
  createdAt: z.number(),
  updatedAt: z.number(),
  deletedAt: z.number().nullable(),
  coverVersionId: id.nullable(),
});
export type Chat = z.infer<typeof chat>;

export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled', 'parked'] as const;
export const STAGES = [
  'waiting',
  'loading',
  'reading',
  'planning',
  'denoising',
  'decoding',
  'answering',
  'enlarging',
  'saving',
] as const;

export const failure = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
  /** What asks for less and can be done: `jobs.retry` with `smaller`. */
  next: nextChoice.optional(),
});
export type Failure = z.infer<typeof failure>;

/** One picture (or answer) to make. Survives restarts: it is on disk before `jobs.submit` is answered. */
export const job = z.object({
  id,
  chatId: id,
  /** The person's turn that asked for it. */
  turnId: id,
  mode: z.enum(JOB_MODES),
  message: text,
  targetIds: z.array(id).max(5),
  settings: pictureSettings,
  /** How the model is held for it; absent = what fits best. */
  memory: memoryChoice.optional(),
  seed,
  state: z.enum(JOB_STATES),
  stage: z.enum(STAGES),
  /** k of n inside the stage (rows of the plan, steps, tokens); 0 of 0 when it doesn't count. */
  position: z.number().int(),
  total: z.number().int(),
  /** Learned on this machine; null until known. */
  remainingMs: z.number().nullable(),
  /** Answer streamed so far (ask). */
  text,
  versionId: id.nullable(),
  failure: failure.nullable(),
  createdAt: z.number(),
});
export type Job = z.infer<typeof job>;

export const modelCard = z.object({
  id: z.string().max(64),
  name: z.string(),
  embedded: z.boolean(),
  inUse: z.boolean(),
  abilities: z.array(z.string()),
  /** Earlier questions and answers of a chat are sent along; true also while that isn't known yet. */
  holdsConversation: z.enum(['none', 'one-picture', 'whole']),
  parameters: z.number(),
  sizeBytes: z.number(),
  /** Memory a picture needs and what is free now, bytes. */
  needsBytes: z.number(),
  freeBytes: z.number(),
  /** That pictures are made on; null = the processor. */
  device: runDevice.nullable(),
  /** Learned on this machine; null until a picture was made. */
  secondsPerPicture: z.number().nullable(),
  problem: failure.nullable(),
});
export type ModelCard = z.infer<typeof modelCard>;

export const downloadCard = z.object({
  id,
  /** owner/name */
  repository: z.string(),
  state: z.enum(['running', 'paused', 'failed']),
  doneBytes: z.number(),
  /** 0 until it is known. */
  totalBytes: z.number(),
  bytesPerSecond: z.number(),
  failure: failure.nullable(),
});
export type DownloadCard = z.infer<typeof downloadCard>;
const downloadCards = z.object({ downloads: z.array(downloadCard), freeBytes: z.number() });

export const settings = z.object({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  language: z.string().max(16).default('en'),
  sendKey: z.enum(['mod-enter', 'enter']).default('mod-enter'),
  preset: z.enum(PRESETS).default('balanced'),
  variations: z.union([z.literal(1), z.literal(2), z.literal(4)]).default(1),
  recipeInFiles: z.boolean().default(true),
  /** Of a local edit, what drifted outside of it is laid back. */
  driftGuard: z.boolean().default(true),
  /** The model describes each new picture, while nothing else is to be done. */
  captions: z.boolean().default(false),
  notifications: z.boolean().default(true),
  checkForUpdates: z.boolean().default(false),
  tourSeen: z.boolean().default(false),
});
export type Settings = z.infer<typeof settings>;

/** What a window needs on its first frame. */
export const snapshot = z.object({
  settings,
  chats: z.array(chat),
  jobs: z.array(job),
  queuePaused: z.boolean(),
  engine: z.enum(['starting', 'ready', 'restarting', 'failed']),
  models: z.array(modelCard),
  /** Prompts this model does well, for empty states and the tour. */
  examples: z.object({ create: z.array(z.string()), edit: z.array(z.string()), ask: z.array(z.string()) }),
  vocabulary: z.array(z.string()),
  /** Languages it understands, ISO 639; empty = not stated. */
  languages: z.array(z.string()),
  /** What was wrong with the library when it was opened, and what was done about it. */
  problems: z.array(failure),
});
export type Snapshot = z.infer<typeof snapshot>;

const nothing = z.object({});
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');
const page = z.object({
  versions: z.array(version),
  total: z.number().int(),
  nextCursor: z.string().nullable(),
});

const libraryQuery = z.object({
  text: z.string().max(1000).default(''),
  starred: z.boolean().optional(),
  tag: z.string().max(64).optional(),
  kind: z.enum(VERSION_KINDS).optional(),
  deleted: z.boolean().default(false),
  cursor: z.string().max(200).nullable().default(null),
  limit: z.number().int().min(1).max(500).default(100),
});

const transformation = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('crop'),
    left: z.number().int(),
    top: z.number().int(),
    width: z.number().int(),
    height: z.number().int(),
  }),
  z.object({ kind: z.literal('rotate'), quarterTurns: z.number().int().min(1).max(3) }),
  z.object({ kind: z.literal('flip'), axis: z.enum(['horizontal', 'vertical']) }),
]);

/** How much of an edit, as the model made it, differs from its source; the heat map is a PNG of the picture's size. */
const drift = z.object({
  /** Of the pixels, 0 to 1: changed on purpose, and visibly different outside of that. */
  changedShare: z.number(),
  outsideShare: z.number(),
  isLocal: z.boolean(),
  /** The version is the edit with what drifted laid back already. */
  isLaidBack: z.boolean(),
  heatMap: bytes,
});

/** Method -> [params, answer]. The handler table and the client are both typed from this one object. */
export const STUDIO_METHODS = {
  /** Answered first; then the last preview of each running job comes as a `preview` event. */
  'studio.open': [nothing, snapshot],
  /** Sent twice with one `chatId`, a new random id of the sender's, it is made once. */
  'chats.create': [z.object({ chatId: id.optional(), title: z.string().max(200).optional() }), chat],
  'chats.get': [
    z.object({ chatId: id }),
    z.object({ chat, turns: z.array(turn), versions: z.array(version), jobs: z.array(job) }),
  ],
  'chats.rename': [z.object({ chatId: id, title: z.string().min(1).max(200) }), chat],
  'chats.delete': [z.object({ chatId: id }), nothing],
  'chats.restore': [z.object({ chatId: id }), chat],
  'chats.export': [z.object({ chatId: id }), z.object({ name: z.string(), bytes })],
  'chats.import': [z.object({ bytes }), chat],
  'jobs.detect': [
    z.object({ message: text, targetIds: z.array(id) }),
    z.object({ mode: z.enum(MODES), why: z.string(), unknownWords: z.array(unknownWord) }),
  ],
  /** Sent twice with one `turnId`, a new random id of the sender's, it is taken once. */
  'jobs.submit': [
    z.object({
      chatId: id,
      turnId: id.optional(),
      mode: z.enum(['auto', ...MODES]),
      message: text,
      targetIds: z.array(id).max(5),
      settings: pictureSettings,
      seed: seed.nullable(),
      variations: z.union([z.literal(1), z.literal(2), z.literal(4)]).default(1),
      first: z.boolean().default(false),
    }),
    z.object({ turn, jobs: z.array(job) }),
  ],
  'jobs.cancel': [z.object({ jobId: id }), nothing],
  'jobs.cancelAll': [nothing, nothing],
  'jobs.update': [z.object({ jobId: id, message: text }), job],
  'jobs.reorder': [z.object({ jobIds: z.array(id) }), nothing],
  'jobs.pause': [z.object({ paused: z.boolean() }), nothing],
  /**
   * A failed, parked or cancelled job again with its seed; of a finished one a sibling with a new seed.
   * `smaller`: as its failure's `next` says.
   */
  'jobs.retry': [z.object({ jobId: id, smaller: z.boolean().default(false) }), job],
  /** Completes a cancelled picture (kind `draft`) from the step where it stood. */
  'jobs.finish': [z.object({ versionId: id }), job],
  'versions.get': [z.object({ versionId: id }), version],
  'versions.star': [z.object({ versionId: id, starred: z.boolean() }), version],
  'versions.tag': [z.object({ versionId: id, tags: z.array(z.string().max(64)).max(50) }), version],
  'versions.delete': [z.object({ versionIds: z.array(id).max(1000) }), nothing],
  'versions.restore': [z.object({ versionIds: z.array(id).max(1000) }), nothing],
  'versions.transform': [z.object({ versionId: id, transformation }), version],
  'versions.drift': [z.object({ versionId: id }), drift],
  /** Lays untouched areas of the source back over an edit; strength 0 (the edit) to 1. */
  'versions.blend': [z.object({ versionId: id, strength: z.number().min(0).max(1) }), version],
  /** Asks the model what the picture shows, and keeps it as its caption. */
  'versions.describe': [z.object({ versionId: id }), version],
  'versions.selfCheck': [
    z.object({ versionId: id }),
    z.object({
      checks: z.array(z.object({ question: z.string(), answer: z.string(), agrees: z.boolean() })),
    }),
  ],
  /** A turn of that chat; its job becomes a version of kind `upscale`. */
  'versions.upscale': [
    z.object({ versionId: id, factor: z.union([z.literal(2), z.literal(4)]), chatId: id }),
    job,
  ],
  'versions.import': [z.object({ chatId: id.nullable(), name: z.string().max(255), bytes }), version],
  'versions.export': [
    z.object({
      versionIds: z.array(id).min(1).max(500),
      format: z.enum(['png', 'jpeg', 'webp']),
      recipe: z.boolean(),
    }),
    z.object({ name: z.string(), bytes }),
  ],
  /** A picture beside the one it came from, as one file. */
  'versions.beforeAfter': [
    z.object({ versionId: id, format: z.enum(['png', 'jpeg', 'webp']) }),
    z.object({ name: z.string(), bytes }),
  ],
  'versions.timelapse': [
    z.object({ versionId: id, format: z.enum(['gif', 'webp']) }),
    z.object({ name: z.string(), bytes }),
  ],
  'library.list': [libraryQuery, page],
  /** Deletes what is in the bin for good. */
  'library.emptyBin': [nothing, z.object({ deleted: z.number().int() })],
  'library.tags': [nothing, z.object({ tags: z.array(z.string()) })],
  'prompts.history': [nothing, z.object({ prompts: z.array(z.string()) })],
  'settings.set': [settings.partial(), settings],
  'models.list': [nothing, z.object({ models: z.array(modelCard) })],
  'models.use': [z.object({ modelId: z.string().max(64) }), z.object({ models: z.array(modelCard) })],
  /** The folder is chosen by the shell's dialog, or typed by the person on their own machine. */
  'models.add': [z.object({ folder: z.string().min(1).max(4096) }), z.object({ models: z.array(modelCard) })],
  'models.remove': [z.object({ modelId: z.string().max(64) }), z.object({ models: z.array(modelCard) })],
  'downloads.list': [nothing, downloadCards],
  /** From the hub, into Tusk's own folder. Going on with one that was begun is the same call. */
  'downloads.start': [z.object({ repository: z.string().min(3).max(200) }), downloadCards],
  'downloads.pause': [z.object({ downloadId: id }), downloadCards],
  'downloads.resume': [z.object({ downloadId: id }), downloadCards],
  /** Deletes what came. */
  'downloads.discard': [z.object({ downloadId: id }), downloadCards],
  /** What `tusk info` says; where its folder lies stays with the studio. */
  'models.info': [
    z.object({ modelId: z.string().max(64) }),
    checkpointInfo.omit({ path: true, nonFinite: true }),
  ],
  /** Before a picture is asked for: does the model in use fit the memory that is free, and if not, what does? */
  'models.check': [
    z.object({ mode: z.enum(['create', 'edit']), targetIds: z.array(id).max(5), settings: pictureSettings }),
    z.object({
      fits: z.boolean(),
      needsBytes: z.number(),
      freeBytes: z.number(),
      smallerSize: z.object({ width: z.number().int(), height: z.number().int() }).nullable(),
      /** A smaller model that fits. */
      modelId: z.string().nullable(),
    }),
  ],
  'devices.list': [nothing, z.object({ devices: z.array(device) })],
  /** Takes minutes on a slow device. */
  'devices.test': [
    z.object({ provider: z.enum(PROVIDERS).exclude(['cpu']) }),
    z.object({ devices: z.array(device) }),
  ],
  'ledger.list': [
    nothing,
    z.object({
      calls: z.array(
        z.object({ at: z.number(), address: z.string(), why: z.string(), sizeBytes: z.number() }),
      ),
    }),
  ],
} as const satisfies Record<string, readonly [z.ZodType, z.ZodType]>;

export type StudioMethod = keyof typeof STUDIO_METHODS;
/** What a caller passes (defaults may be left out). */
export type StudioParams<M extends StudioMethod> = z.input<(typeof STUDIO_METHODS)[M][0]>;
/** What a handler receives, checked. */
export type StudioCheckedParams<M extends StudioMethod> = z.output<(typeof STUDIO_METHODS)[M][0]>;
export type StudioAnswer<M extends StudioMethod> = z.output<(typeof STUDIO_METHODS)[M][1]>;

/** Told to every open window. A preview is a small PNG or JPEG of the picture's aspect ratio. */
export type StudioEvent =
  | { event: 'job'; job: Job }
  | { event: 'jobs'; order: string[]; paused: boolean }
  | { event: 'preview'; jobId: string; stage: (typeof STAGES)[number]; picture: Uint8Array }
  | { event: 'turn'; turn: Turn }
  | { event: 'version'; version: Version }
  | { event: 'chat'; chat: Chat }
  | { event: 'engine'; state: Snapshot['engine']; failure: Failure | null }
  /** Something went wrong that no request stands for: the disk is full. */
  | { event: 'trouble'; failure: Failure }
  | { event: 'models'; models: ModelCard[] }
  | { event: 'downloads'; downloads: DownloadCard[]; freeBytes: number }
  | { event: 'settings'; settings: Settings };

/** Answers on their way from the studio to a window (structured clone, or the frames of wire.ts). */
export type StudioReply = { id: number; answer: unknown } | { id: number; failure: Failure };
