/**
 * How a checkpoint wants to be used. The official layout holds no steps, guidance, size or grid: an optional
 * `tusk.json` beside config.json says them, and whatever it leaves out has the value of the reference's README.
 *
 * Sampling of the plan comes from t2i_generation_config.json, that of answers from und_generation_config.json.
 */
import { z } from 'zod';
import { DECODERS, ROUNDINGS, SOLVERS } from '../choices.ts';
import { TuskError } from '../errors.ts';
import type { Checkpoint } from './checkpoint.ts';

/** What the reference encodes for both unconditional branches when nothing else is asked for. */
const REFERENCE_NEGATIVE_PROMPT =
  'deformed, blurry, over saturation, bad anatomy, disfigured, poorly drawn face, mutation, mutated, ' +
  'extra_limb, ugly, poorly drawn hands, fused fingers, messy drawing, broken legs censor, censored, ' +
  'censor_bar Create an image from the instruction.';

const steps = z.number().int().min(1).max(1_000);
const guidance = z.number().min(0).max(100);
const range = z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]);
const side = z.number().int().min(16).max(4_096);
const tokenSide = z.number().int().min(1).max(512);
const words = z.array(z.string().max(200)).max(20_000);

const sampling = z.object({
  temperature: z.number().min(0).max(10).optional(),
  top_k: z.number().int().min(0).optional(),
  top_p: z.number().gt(0).max(1).optional(),
  repetition_penalty: z.number().gt(0).max(10).optional(),
});

/** Settings a preset may change. */
const preset = z.object({
  steps: steps.optional(),
  /** Default: the reference's Euler steps. */
  solver: z.enum(SOLVERS).optional(),
  /** What is computed in small numbers; see presets.ts. */
  rounded: z.enum(ROUNDINGS).optional(),
  /** What makes pixels of latents; `tiny` is the VAE's own where the checkpoint brings no tiny decoder. */
  decoder: z.enum(DECODERS).optional(),
  text_guidance: guidance.optional(),
  image_guidance: guidance.optional(),
  plan_guidance: guidance.optional(),
  guidance_range: range.optional(),
  sampling: sampling.optional(),
});

/** More than any model reads; what doesn't fit its context the engine leaves out. */
const WHOLE = { exchanges: 400, acrossPictures: true };
const ALONE = { exchanges: 0, acrossPictures: false };

const schema = z.object({
  name: z.string().min(1).max(200).optional(),
  /** Trained sizes, [width, height] in pixels, the first the default; absent = any, 1024 x 1024 by default. */
  sizes: z
    .array(z.tuple([side, side]))
    .min(1)
    .optional(),
  /** Pixels of the picture that one visual token of the plan stands for: [high, wide], or one number for both. */
  pixels_per_token: z
    .union([tokenSide, z.tuple([tokenSide, tokenSide])], { error: 'not a number of pixels or [high, wide]' })
    .default(32)
    .transform((pixels): [high: number, wide: number] =>
      typeof pixels === 'number' ? [pixels, pixels] : pixels,
    ),
  steps: steps.default(50),
  text_guidance: guidance.default(9),
  image_guidance: guidance.default(2),
  plan_guidance: guidance.default(7),
  /** Share of the steps that is guided, as [from, to]. */
  guidance_range: range.default([0, 1]),
  sampling: sampling.default({}),
  negative_prompt: z.string().max(20_000).default(REFERENCE_NEGATIVE_PROMPT),
  presets: z.record(z.string().max(64), preset).default({}),
  /** Words the model was trained on; empty = not stated. */
  vocabulary: words.default([]),
  /** Languages it was trained on, ISO 639; empty = not stated. */
  languages: z
    .array(z.string().regex(/^[a-z]{2,3}$/))
    .max(200)
    .default([]),
  /**
   * Trained on conversations: true = of any length, about any pictures; { exchanges } = about one picture, with so many
   * questions and answers before the last one. Otherwise each question stands for itself.
   */
  conversation: z
    .union([z.boolean(), z.object({ exchanges: z.number().int().min(1).max(400) })])
    .default(false)
    .transform((told) =>
      typeof told === 'boolean' ? (told ? WHOLE : ALONE) : { ...told, acrossPictures: false },
    ),
  /** What it can do, in short plain phrases. */
  abilities: words.default([]),
  examples: z.object({ create: words, edit: words, ask: words }).default({ create: [], edit: [], ask: [] }),
});

export type TuskConfig = z.infer<typeof schema>;
export type Preset = z.infer<typeof preset>;

/** Without the file it is one of the published checkpoints. */
const PUBLISHED = { conversation: true };

/** @throws TuskError `checkpoint-damaged` naming the bad key of tusk.json. */
export async function readTuskConfig(checkpoint: Checkpoint): Promise<TuskConfig> {
  const parsed = schema.safeParse((await checkpoint.readJson('tusk.json')) ?? PUBLISHED);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new TuskError(
    'checkpoint-damaged',
    `tusk.json: ${issue.path.join('.') || 'the file'}: ${issue.message}.`,
    { hint: 'Repair tusk.json, or remove it to use the reference settings.' },
  );
}

const generationSchema = z.object({
  do_sample: z.boolean().default(true),
  temperature: z.number().min(0).default(1),
  top_k: z.number().int().min(0).default(50),
  top_p: z.number().gt(0).max(1).default(1),
  repetition_penalty: z.number().gt(0).default(1),
  eos_token_id: z.union([z.number().int(), z.array(z.number().int())]).optional(),
  eol_token_id: z.number().int().optional(),
  visual_token_start_id: z.number().int().optional(),
  visual_token_end_id: z.number().int().optional(),
  max_new_tokens: z.number().int().min(1).max(1_000_000).default(1_024),
});
export type GenerationConfig = z.infer<typeof generationSchema>;

/** @param name file in the checkpoint folder. @throws TuskError `checkpoint-missing`, `checkpoint-damaged`. */
export async function readGenerationConfig(checkpoint: Checkpoint, name: string): Promise<GenerationConfig> {
  const parsed = generationSchema.safeParse(JSON.parse(await checkpoint.readText(name)));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new TuskError('checkpoint-damaged', `${name}: ${issue.path.join('.')}: ${issue.message}.`, {
    hint: 'Fetch or copy the file again.',
  });
}
