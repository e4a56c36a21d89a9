/** Stage `end-to-end`: whole pictures, made and edited by the verbs themselves from the case's own noise. */
import { z } from 'zod';
import { create } from '../create.ts';
import { type Draws, seededDraws } from '../draws.ts';
import { edit } from '../edit.ts';
import type { Observer } from '../picture-stages.ts';
import type { Params, RequestContext } from '../protocol.ts';
import { Workbench } from '../workbench.ts';
import type { ParityCase, StageOutputs, StageRunner } from './case.ts';
import { isForcedStep, topGap, withModel } from './parts.ts';

const paramsSchema = z.object({
  messages: z
    .array(
      z.object({ content: z.array(z.object({ text: z.string().optional(), image: z.string().optional() })) }),
    )
    .length(1),
  ar: z.tuple([z.number(), z.number()]),
  height: z.number(),
  width: z.number(),
  negative_prompt: z.string(),
  cfg_scale: z.number(),
  settings: z.object({
    do_sample: z.literal(false),
    top_k: z.number(),
    top_p: z.number(),
    repetition_penalty: z.number(),
  }),
  cfg_range: z.tuple([z.number(), z.number()]),
  text_guidance: z.number(),
  image_guidance: z.number(),
  steps: z.number(),
});
type CaseParams = z.infer<typeof paramsSchema>;

export const run: StageRunner = (parityCase, device) =>
  withModel(parityCase, device, async ({ model }) => {
    const params = paramsSchema.parse(parityCase.params);
    const outputs = new Recorded(params.ar[1]);
    const observer = { ...outputs.observer, draws: await drawsOf(parityCase) };
    const bench = new Workbench(model);
    bench.device = device;
    await runVerb(bench, parityCase, params, observer);
    return outputs.result();
  });

async function runVerb(
  bench: Workbench,
  parityCase: ParityCase,
  params: CaseParams,
  observer: Observer,
): Promise<void> {
  const parts = params.messages[0]!.content;
  const text = parts.map((part) => part.text ?? '').join('');
  const pictures = parts.flatMap(({ image }) => (image ? [{ path: parityCase.picturePath(image) }] : []));
  const context: RequestContext = { emit: () => {}, signal: new AbortController().signal };
  const settings = pictureSettings(params);
  if (pictures.length === 0) {
    const size = { width: params.width, height: params.height };
    await create(bench, { ...settings, prompt: text, size }, context, observer);
  } else {
    const request = { ...settings, instruction: text, pictures, imageGuidance: params.image_guidance };
    await edit(bench, request, context, observer);
  }
}

function pictureSettings(params: CaseParams): Omit<Params<'create'>, 'prompt'> {
  const { top_k: topK, top_p: topP, repetition_penalty: repetitionPenalty } = params.settings;
  const [rows, columns] = params.ar;
  return {
    seed: 0,
    negative: params.negative_prompt,
    steps: params.steps,
    guidance: params.text_guidance,
    planGuidance: params.cfg_scale,
    guidanceRange: params.cfg_range,
    sampling: { temperature: 0, topK, topP, repetitionPenalty },
    grid: { rows, columns },
    images: 1,
    previews: false,
  };
}

async function drawsOf(parityCase: ParityCase): Promise<Draws> {
  const noise = await parityCase.floats('in.noise');
  const names = parityCase.tensorNames.filter((name) => name.startsWith('in.posterior_noise.')).sort();
  const posteriors = await Promise.all(names.map((name) => parityCase.floats(name)));
  return { ...seededDraws, noise: () => noise, posterior: (_seed, index) => posteriors[index]! };
}

/** What a verb computed on its way, under the case's names. */
class Recorded {
  private readonly tensors: StageOutputs['tensors'] = {};
  private readonly forwards: number[] = [];
  private prompt = '';
  private gap = Number.POSITIVE_INFINITY;
  private planStep = 0;

  constructor(private readonly columns: number) {}

  readonly observer: Observer = {
    prompt: (text) => {
      this.prompt = text;
    },
    scores: (scores) => {
      if (!isForcedStep(this.planStep, this.columns)) this.gap = Math.min(this.gap, topGap(scores));
      this.planStep += 1;
    },
    step: ({ latents, forwards }) => {
      this.tensors['out.latents'] = latents;
      this.forwards.push(forwards);
    },
    image: (image, { width, height, pixels }) => {
      this.tensors['out.image'] = image;
      this.tensors['out.picture'] = { type: 'uint8', shape: [height, width, 3], data: pixels };
    },
  };

  result(): StageOutputs {
    const { forwards, gap, prompt, tensors } = this;
    return { tensors, result: { prompt, forwards_per_step: forwards, min_top2_gap: gap } };
  }
}
