/**
 * The stages create and edit share: the plan of visual tokens, the states that condition the diffusion, denoising,
 * decoding. Each takes the job and says what it does by events.
 */
import {
  generatePlans,
  PLAN_MINIMUM_KEPT,
  type Plan,
  type PlanRequest,
  type PlanSample,
} from './decoding/ar-generation.ts';
import { encodeStates, selectCondition } from './decoding/condition.ts';
import type { LanguageModel } from './decoding/language-model.ts';
import type { DenoisingStep } from './diffusion/denoise.ts';
import type { VaeDecoder } from './diffusion/latents.ts';
import type { Condition } from './diffusion/model.ts';
import type { Draws } from './draws.ts';
import { TuskError, throwIfCancelled } from './errors.ts';
import { encodeGeneratedPng } from './image/encode.ts';
import type { Picture } from './image/picture.ts';
import { fromPlanes } from './image/planes.ts';
import type { NetworkName, Networks } from './load.ts';
import type { Holding, MemoryChoice } from './memory/plan.ts';
import { PICTURE_TOKENS, workload } from './memory/working.ts';
import { PreviewPace, planPreview, stepPreview } from './previews.ts';
import type { PictureResult, Recipe, RequestContext } from './protocol.ts';
import type { ReadPrompt } from './reading.ts';
import type { FloatTensor } from './runtime/tensor.ts';
import { conditionRules, type PictureSettings, type PixelSize, type PlanGrid } from './settings.ts';
import type { StageClock } from './stage-clock.ts';
import { type Asked, encodeUnfinished, readUnfinished, type Unfinished } from './unfinished.ts';
import type { Workbench } from './workbench.ts';

/** What is at work at once. A plan of memory may free the rest. */
const PAINTING = ['diffusion', 'vaeDecoder'] as const;
const DECODING = ['vaeDecoder'] as const;
const REFERENCES = ['vaeEncoder'] as const;

/** Previews of the plan need one network more. */
const planning = (previews: boolean) =>
  previews ? (['languageModel', 'visualTokenizer'] as const) : (['languageModel'] as const);

type JobBase = Pick<PictureJob, 'bench' | 'clock' | 'context' | 'settings'>;

/** The networks of the next stage. */
export const networksFor = <N extends NetworkName>(
  { bench, clock, context, settings }: JobBase,
  names: readonly N[],
): Promise<Pick<Networks, N>> => clock.time('loadMs', () => bench.networks(names, context, settings));

/**
 * Decides where the parts of the model sit, before anything is loaded; loads all that the request needs if they stay.
 * @throws TuskError `out-of-memory` with the next smaller choice
 */
export async function beginPictures(job: PictureJob, choice: MemoryChoice | undefined): Promise<Holding> {
  const { bench, context, settings, size, grid, images, previews, asked } = job;
  const { verb, prompt, sources } = asked;
  const references = sources.length;
  const promptTokens = prompt.length + PICTURE_TOKENS * references;
  const work = workload({ size, grid, images, promptTokens, references });
  const { holding } = bench.begin({ verb, work, choice, rounded: settings.rounded }, context);
  const names = [...planning(previews), ...PAINTING, ...(references > 0 ? REFERENCES : [])];
  if (holding === 'together') await networksFor(job, names);
  return holding;
}

/** Networks that read the prompt, and then draw the plan. */
export const planningNetworks = (job: JobBase & Pick<PictureJob, 'previews'>) =>
  networksFor(job, planning(job.previews));

/** For those who compare a run with the reference: sees what is computed on the way. */
export interface Observer {
  /** Noise and random numbers to take in place of the request's. */
  draws?: Draws;
  prompt?: (text: string) => void;
  /** Processed scores of each step of the plan; costs a head more a row. */
  scores?: (scores: Float32Array) => void;
  step?: (step: DenoisingStep) => void;
  image?: (image: FloatTensor, picture: Picture) => void;
}

export interface LaidBack {
  /** Of the finished picture. */
  size: PixelSize;
  onto(painted: Picture): Promise<Picture>;
}

/** What all stages of one request know. */
export interface PictureJob {
  bench: Workbench;
  context: RequestContext;
  clock: StageClock;
  draws: Draws;
  observer: Observer;
  settings: PictureSettings;
  /** Pixels that are painted. */
  size: PixelSize;
  /** Where what is painted becomes a part of a picture of another size. */
  laidBack?: LaidBack;
  grid: PlanGrid;
  previews: boolean;
  images: number;
  /** The request in words, and what tells its sources apart from others. */
  asked: { verb: Recipe['verb']; prompt: string; sources: readonly string[] };
  /** A file of `stopped` to go on from. */
  resume: string | undefined;
}

/** Prompt, plan and end marker of one picture, and the states harvested on the way, where they equal the reference's. */
export interface PlannedPicture {
  ids: readonly number[];
  promptLength: number;
  states: FloatTensor | undefined;
}

type Pictures = PictureResult['pictures'];

/**
 * Plans all pictures of the request, then paints one after the other.
 * @param encodeReferences latents of the pictures to edit, for one of the request's pictures
 */
export async function makePictures(
  job: PictureJob,
  prompt: ReadPrompt,
  encodeReferences: (image: number) => Promise<readonly FloatTensor[]>,
): Promise<{ pictures: Pictures; tokens: number }> {
  const { clock, resume } = job;
  const { languageModel } = await planningNetworks(job);
  const begun = resume === undefined ? undefined : await continued(job, resume);
  const plans = begun
    ? [begun.planned]
    : await clock.time('planMs', () => planPictures(job, languageModel, prompt));
  const paintings: Painting[] = [];
  for (const [image, planned] of plans.entries()) {
    const condition = await clock.time('planMs', () => conditionOf(job, languageModel, planned));
    paintings.push({ image, planned, condition, references: [], begun });
  }
  for (const painting of paintings) painting.references = await encodeReferences(painting.image);
  const pictures: Pictures = [];
  for (const painting of paintings) pictures.push(await paintPicture(job, painting));
  const tokens = plans.reduce((sum, { ids, promptLength }) => sum + ids.length - promptLength, 0);
  return { pictures, tokens };
}

/** @throws TuskError `bad-setting` if the file belongs to another request. */
function continued(job: PictureJob, path: string): Promise<Unfinished> {
  if (job.images === 1) return readUnfinished(path, askedOf(job, 0));
  throw new TuskError('bad-setting', 'Only one picture can go on from where it stood.', {
    hint: 'Ask for one picture.',
  });
}

interface Painting {
  image: number;
  planned: PlannedPicture;
  condition: Condition;
  references: readonly FloatTensor[];
  begun: Unfinished | undefined;
}

/** Denoises and decodes. A picture that is cancelled on the way leaves what is needed to go on. */
async function paintPicture(job: PictureJob, painting: Painting): Promise<Pictures[number]> {
  const { clock, context, settings } = job;
  const { image, planned, begun } = painting;
  let reached: Unfinished | undefined = begun;
  const reach = ({ step, latents, velocity }: DenoisingStep) => {
    reached = { planned, step, latents, ...(settings.solver === 'second-order' && { velocity }) };
  };
  try {
    const networks = await networksFor(job, PAINTING);
    const latents = await clock.time('stepsMs', () => denoisePicture(job, networks, painting, reach));
    throwIfCancelled(context.signal);
    const { vaeDecoder } = await networksFor(job, DECODING);
    const picture = await clock.time('decodeMs', () => finishPicture(job, vaeDecoder, image, latents));
    throwIfCancelled(context.signal);
    return picture;
  } catch (thrown) {
    if (context.signal.aborted && reached) {
      const state = encodeUnfinished(reached, askedOf(job, image));
      context.emit({ event: 'stopped', image, step: reached.step, steps: settings.steps, state });
    }
    throw thrown;
  }
}

/** @throws TuskError `bad-setting` if ids to replay hold no plan. */
async function planPictures(
  job: PictureJob,
  languageModel: LanguageModel,
  prompt: ReadPrompt,
): Promise<PlannedPicture[]> {
  const { draws, settings, bench } = job;
  const imageEnd = bench.model.files.prompts.tokenizer.specialId('<|image end|>');
  if (draws.ids) return [await replayPlan(job, draws.ids, imageEnd)];
  const request = planRequest(job, prompt, imageEnd);
  const samples = Array.from({ length: job.images }, (_, image) =>
    settings.sampling.greedy ? {} : { uniform: draws.plan(settings.seed + image) },
  );
  const plans =
    settings.rounded === 'everything'
      ? await planAlone(languageModel, request, samples)
      : await generatePlans(languageModel, request, samples);
  return plans.map(({ ids, states }) => ({
    ids: [...prompt.ids, ...ids, imageEnd],
    promptLength: prompt.ids.length,
    states,
  }));
}

/** Rounding looks at all rows of a pass: one after the other each picture is the one its seed gives alone. */
async function planAlone(
  languageModel: LanguageModel,
  request: PlanRequest,
  samples: readonly PlanSample[],
): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const [sample, draws] of samples.entries()) {
    const onRow: PlanRequest['onRow'] = (finished) => request.onRow?.({ ...finished, sample });
    plans.push(...(await generatePlans(languageModel, { ...request, onRow }, [draws])));
  }
  return plans;
}

function planRequest(job: PictureJob, prompt: ReadPrompt, imageEndId: number): PlanRequest {
  const { bench, context, grid, observer, settings } = job;
  const { config, planGeneration } = bench.model.files;
  const { greedy: _, ...sampling } = settings.sampling;
  const paces = Array.from({ length: job.images }, () => new PreviewPace());
  const rules = { guidance: settings.planGuidance, minimumKept: PLAN_MINIMUM_KEPT, ...sampling };
  return {
    promptIds: prompt.ids,
    ...(prompt.features && { pictures: prompt.features }),
    ...grid,
    rules: { ...rules, firstAllowed: firstVisualId(job) },
    endOfLineId: planGeneration.eol_token_id ?? config.llm_config.text_config.gen_vocab_start_index,
    ...(!prompt.features && { harvest: { layers: config.gen_condition_layers, imageEndId } }),
    ...(observer.scores && { observe: (_step, scores) => observer.scores?.(scores) }),
    signal: context.signal,
    onRow: ({ sample: image, row, ids }) => tellRow(job, paces[image]!, { image, row, ids }),
  };
}

/** Official ids put the first visual token eight after the start of the generation vocabulary. */
const FIRST_VISUAL_OFFSET = 8;

function firstVisualId({ bench }: PictureJob): number {
  const { config, planGeneration } = bench.model.files;
  const start = config.llm_config.text_config.gen_vocab_start_index;
  return planGeneration.visual_token_start_id ?? start + FIRST_VISUAL_OFFSET;
}

/** @param pace of this picture's previews */
async function tellRow(
  job: PictureJob,
  pace: PreviewPace,
  { image, row, ids }: { image: number; row: number; ids: readonly number[] },
): Promise<void> {
  const { bench, grid, previews, context } = job;
  const shape = { grid, size: finishedSize(job), firstVisualId: firstVisualId(job) };
  const make = async () => planPreview(await bench.visualTokenizer(), ids, shape);
  const preview = previews ? await pace.show(make) : undefined;
  context.emit({ event: 'plan', image, row: row + 1, rows: grid.rows, ...(preview && { preview }) });
}

/** Ids of another run: its prompt up to the image token, then rows that end alike. */
async function replayPlan(
  job: PictureJob,
  ids: readonly number[],
  imageEnd: number,
): Promise<PlannedPicture> {
  const { tokenizer } = job.bench.model.files.prompts;
  const promptLength = ids.lastIndexOf(tokenizer.specialId('<|image token|>')) + 1;
  const plan = ids.slice(promptLength);
  const columns = plan.indexOf(tokenizer.specialId('<|endofline|>'));
  if (promptLength === 0 || columns < 1 || plan.length % (columns + 1) !== 0) {
    throw new TuskError('bad-setting', 'mid.ids of the replayed dump hold no plan.', {
      hint: 'They are the ids of the prompt and of a whole plan, without the end marker.',
    });
  }
  job.grid = { rows: plan.length / (columns + 1), columns };
  const pace = new PreviewPace();
  for (let row = 0; row < job.grid.rows; row++)
    await tellRow(job, pace, { image: 0, row, ids: plan.slice(0, (row + 1) * (columns + 1)) });
  return { ids: [...ids, imageEnd], promptLength, states: undefined };
}

/** The states that condition the diffusion. Where none were harvested the ids are read once more, as the reference does. */
async function conditionOf(
  job: PictureJob,
  languageModel: LanguageModel,
  planned: PlannedPicture,
): Promise<Condition> {
  const { bench, context, settings } = job;
  const layers = bench.model.files.config.gen_condition_layers;
  const states = planned.states ?? (await encodeStates(languageModel, planned.ids, layers, context.signal));
  const condition = selectCondition(
    states,
    planned.ids,
    planned.promptLength,
    conditionRules(bench.model.files),
  );
  if (settings.textGuidance <= 1) return condition;
  const negative = await bench.negativeStates(languageModel, settings.negative, context.signal);
  return { ...condition, negative };
}

/** @param reach told of each step. @returns finished latents [1, channels, rows, columns] */
async function denoisePicture(
  job: PictureJob,
  networks: Pick<Networks, (typeof PAINTING)[number]>,
  { image, condition, references, begun }: Painting,
  reach: (step: DenoisingStep) => void,
): Promise<FloatTensor> {
  const { context, draws, settings, size } = job;
  const { pixels } = networks.vaeDecoder.sizes;
  const latentSize = { rows: size.height / pixels, columns: size.width / pixels };
  const prepared = await networks.diffusion.prepare(condition, references, latentSize);
  const colours = job.previews ? await job.bench.latentColours(networks) : undefined;
  let latents = begun?.latents ?? draws.noise(settings.seed + image, prepared.shape);
  const { steps, solver, textGuidance, imageGuidance, guidanceRange } = settings;
  const options = { steps, solver, textGuidance, imageGuidance, guidanceRange, signal: context.signal };
  const start = {
    noise: latents,
    done: begun?.step ?? 0,
    ...(begun?.velocity && { previous: begun.velocity }),
  };
  for await (const step of prepared.denoise({ ...start, ...options })) {
    latents = step.latents;
    reach(step);
    job.observer.step?.(step);
    const preview = colours && (await stepPreview(colours, step.estimate, finishedSize(job)));
    context.emit({ event: 'step', image, step: step.step, steps, ...(preview && { preview }) });
  }
  return latents;
}

const finishedSize = ({ size, laidBack }: PictureJob): PixelSize => laidBack?.size ?? size;

/** Latents to a PNG file with its recipe. */
async function finishPicture(
  job: PictureJob,
  vaeDecoder: VaeDecoder,
  image: number,
  latents: FloatTensor,
): Promise<Pictures[number]> {
  job.context.emit({ event: 'decoding', image });
  const planes = await vaeDecoder.decode(latents);
  const painted = fromPlanes(planes);
  job.observer.image?.(planes, painted);
  const picture = (await job.laidBack?.onto(painted)) ?? painted;
  const { width, height } = picture;
  const { verb, prompt } = job.asked;
  const laidBack = job.laidBack && { laidBack: true };
  const recipe = { verb, prompt, ...recipeSettings(job, image), width, height, ...laidBack };
  const bytes = await encodeGeneratedPng(picture, recipe);
  return { picture: { mediaType: 'image/png', width, height, bytes }, recipe };
}

/** Equal requests give equal pictures. */
const askedOf = (job: PictureJob, image: number): Asked => ({
  ...job.asked,
  ...job.size,
  ...recipeSettings(job, image),
});

function recipeSettings({ bench, grid, settings }: PictureJob, image: number) {
  const { greedy, ...sampling } = settings.sampling;
  const [from, to] = settings.guidanceRange;
  return {
    negative: settings.negative,
    seed: settings.seed + image,
    grid,
    steps: settings.steps,
    solver: settings.solver,
    rounded: settings.rounded,
    decoder: settings.decoder,
    guidance: settings.textGuidance,
    imageGuidance: settings.imageGuidance,
    planGuidance: settings.planGuidance,
    guidanceRange: [from, to] as [number, number],
    sampling: greedy ? { ...sampling, temperature: 0 } : sampling,
    model: bench.model.name,
    modelFingerprint: bench.model.fingerprint,
  };
}
