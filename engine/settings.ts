/** The settings of a run: what the caller gave, else the preset, else tusk.json, else the reference. */
import { randomInt } from 'node:crypto';
import type { TuskConfig } from './checkpoint/tusk-config.ts';
import type { Decoder, Rounding, Solver } from './choices.ts';
import type { ConditionRules } from './decoding/condition.ts';
import type { SamplingSettings } from './decoding/token-choice.ts';
import { TuskError } from './errors.ts';
import type { Model } from './load.ts';
import { presetOf } from './presets.ts';
import type { Params, SamplingOverrides } from './protocol.ts';

/** How tokens are drawn; `greedy` takes the likeliest always. */
export interface Sampling extends SamplingSettings {
  greedy: boolean;
}

export interface PixelSize {
  width: number;
  height: number;
}

export interface PlanGrid {
  rows: number;
  columns: number;
}

export interface PictureSettings {
  seed: number;
  steps: number;
  solver: Solver;
  rounded: Rounding;
  decoder: Decoder;
  textGuidance: number;
  imageGuidance: number;
  planGuidance: number;
  guidanceRange: readonly [number, number];
  sampling: Sampling;
  negative: string;
}

const MAX_RANDOM_SEED = 2 ** 32;
const MOST_PLAN_ROWS = 99;
const REFERENCE_SIZE = [1_024, 1_024] as const;

/** @throws TuskError `bad-setting` for a preset the model doesn't have. */
export function pictureSettings(model: Model, params: Params<'create'> | Params<'edit'>): PictureSettings {
  const { tusk, planGeneration } = model.files;
  const preset = presetOf(tusk, params.preset);
  const imageGuidance = 'imageGuidance' in params ? params.imageGuidance : undefined;
  return {
    seed: params.seed ?? randomInt(MAX_RANDOM_SEED),
    steps: params.steps ?? preset.steps ?? tusk.steps,
    solver: params.solver ?? preset.solver ?? 'euler',
    rounded: model.canRound ? (params.rounded ?? preset.rounded ?? 'nothing') : 'nothing',
    decoder: model.hasTinyDecoder ? (params.decoder ?? preset.decoder ?? 'vae') : 'vae',
    textGuidance: params.guidance ?? preset.text_guidance ?? tusk.text_guidance,
    imageGuidance: imageGuidance ?? preset.image_guidance ?? tusk.image_guidance,
    planGuidance: params.planGuidance ?? preset.plan_guidance ?? tusk.plan_guidance,
    guidanceRange: params.guidanceRange ?? preset.guidance_range ?? tusk.guidance_range,
    sampling: resolveSampling(params.sampling, planGeneration, tusk.sampling, preset.sampling),
    negative: params.negative ?? tusk.negative_prompt,
  };
}

type Given = TuskConfig['sampling'];

/** Later ones of `given` win over earlier ones, the caller's over all. Temperature 0 means greedy. */
export function resolveSampling(
  overrides: SamplingOverrides | undefined,
  base: Given & { do_sample: boolean },
  ...given: readonly (Given | undefined)[]
): Sampling {
  const file = Object.assign({}, base, ...given) as Given & { do_sample: boolean };
  const temperature = overrides?.temperature ?? file.temperature ?? 1;
  const chosen = overrides?.temperature ?? given.findLast((g) => g?.temperature !== undefined)?.temperature;
  const greedy = chosen === undefined ? !base.do_sample || temperature === 0 : chosen === 0;
  return {
    greedy,
    temperature: greedy ? 1 : temperature,
    topK: overrides?.topK ?? file.top_k ?? 0,
    topP: overrides?.topP ?? file.top_p ?? 1,
    repetitionPenalty: overrides?.repetitionPenalty ?? file.repetition_penalty ?? 1,
  };
}

export function defaultSize({ tusk }: Model['files']): PixelSize {
  const [width, height] = tusk.sizes?.[0] ?? REFERENCE_SIZE;
  return { width, height };
}

/** Pixels of a side must be a multiple of this: VAE pixels a latent pixel x latent pixels a patch. */
export function sizeUnit({ config }: Model['files']): number {
  const vaePixels = 2 ** (config.gen_vae_config.block_out_channels.length - 1);
  return vaePixels * config.gen_dit_config.patch_size;
}

/** @throws TuskError `bad-setting` if a side isn't a multiple of the model's unit. */
export function assertSize(files: Model['files'], { width, height }: PixelSize): void {
  const unit = sizeUnit(files);
  if (width % unit === 0 && height % unit === 0) return;
  throw new TuskError('bad-setting', `The size ${width} x ${height} isn't a multiple of ${unit} pixels.`, {
    hint: `The nearest is ${nearestMultiple(width, unit)} x ${nearestMultiple(height, unit)}.`,
  });
}

export const nearestMultiple = (side: number, unit: number): number =>
  Math.max(unit, Math.round(side / unit) * unit);

/** Rows and columns of visual tokens for a picture: the reference pairs 32 x 32 with 1024 x 1024 pixels. */
export function planGrid({ tusk }: Model['files'], { width, height }: PixelSize): PlanGrid {
  const [high, wide] = tusk.pixels_per_token;
  const tokens = (pixels: number, each: number) =>
    Math.min(MOST_PLAN_ROWS, Math.max(1, Math.round(pixels / each)));
  return { rows: tokens(height, high), columns: tokens(width, wide) };
}

export function conditionRules({ config, prompts }: Model['files']): ConditionRules {
  const text = config.llm_config.text_config;
  return {
    mode: config.gen_condition_mode,
    withAnswer: config.gen_text_condition_with_answer,
    generationStart: text.gen_vocab_start_index,
    visualIds: prompts.tokenizer.visualIds,
  };
}
