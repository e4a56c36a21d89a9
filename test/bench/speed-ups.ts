/** Each speed-up against the plain path, on the same model in the same run: medians of alternating measurements. */
import { generatePlans, PLAN_MINIMUM_KEPT, type PlanRequest } from '../../engine/decoding/ar-generation.ts';
import { encodeStates } from '../../engine/decoding/condition.ts';
import { Conversation } from '../../engine/decoding/conversation.ts';
import type { LanguageModel } from '../../engine/decoding/language-model.ts';
import { RandomStream, STREAMS } from '../../engine/decoding/random.ts';
import { LatentColours } from '../../engine/diffusion/previews.ts';
import { Model, type Networks } from '../../engine/load.ts';
import { type FloatTensor, floatTensor } from '../../engine/runtime/tensor.ts';
import { defaultSize, planGrid } from '../../engine/settings.ts';

export interface SpeedUp {
  what: string;
  plainMs: number;
  oursMs: number;
}

interface Subject extends Networks {
  model: Model;
  promptIds: number[];
  plan: PlanRequest;
}

const REPETITIONS = 3;
const STEPS = 4;
const PICTURES = 4;

export async function measureSpeedUps(checkpoint: string | undefined): Promise<SpeedUp[]> {
  const subject = await load(checkpoint);
  try {
    return [
      await compare('a token on the cache, against the whole text anew', ...cachedToken(subject)),
      await compare('a line end folded into the token before it', ...foldedLineEnd(subject)),
      await compare('the generation head alone, against both heads', ...oneHead(subject)),
      await compare('a plan drafted, against a token a pass', ...drafted(subject)),
      await compare('states harvested while planning', ...harvest(subject)),
      await compare(`${PICTURES} plans in one pass`, ...together(subject)),
      await compare("a chat's second question on its cache", ...secondQuestion(subject)),
      await compare('what no step changes computed once', ...preparedOnce(subject)),
      await compare('a preview by the linear map, against a decode', ...(await preview(subject))),
    ];
  } finally {
    await subject.model.dispose();
  }
}

type Work = () => Promise<unknown>;
type Pair = [plain: Work, ours: Work];

async function compare(what: string, plain: Work, ours: Work): Promise<SpeedUp> {
  const times: { plain: number[]; ours: number[] } = { plain: [], ours: [] };
  for (let i = 0; i <= REPETITIONS; i++) {
    const [p, o] = [await timed(plain), await timed(ours)];
    if (i === 0) continue;
    times.plain.push(p);
    times.ours.push(o);
  }
  return { what, plainMs: median(times.plain), oursMs: median(times.ours) };
}

async function timed(work: Work): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function load(checkpoint: string | undefined): Promise<Subject> {
  const model = await Model.open(Model.resolve(checkpoint), {
    threads: Number(process.env.TUSK_THREADS ?? 0),
  });
  const names = ['languageModel', 'visualTokenizer', 'diffusion', 'vaeEncoder', 'vaeDecoder'] as const;
  const networks = await model.networks(names);
  const { config, planGeneration, prompts } = model.files;
  const grid = planGrid(model.files, defaultSize(model.files));
  const generate = { height: grid.rows, width: grid.columns };
  const { ids: promptIds } = prompts.build([{ role: 'user', content: 'a red apple' }], { generate });
  const off = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1 };
  const firstAllowed = planGeneration.visual_token_start_id ?? 0;
  const plan: PlanRequest = {
    promptIds,
    ...grid,
    rules: { guidance: 1, minimumKept: PLAN_MINIMUM_KEPT, firstAllowed, ...off },
    endOfLineId: planGeneration.eol_token_id ?? config.llm_config.text_config.gen_vocab_start_index,
  };
  return { model, ...networks, promptIds, plan };
}

/** A text of the prompt and as many visual tokens as half a plan has. */
function halfPlan({ plan, promptIds }: Subject): number[] {
  const count = Math.ceil((plan.rows * plan.columns) / 2);
  return [...promptIds, ...new Array<number>(count).fill(plan.endOfLineId)];
}

function cachedToken(subject: Subject): Pair {
  const ids = halfPlan(subject);
  const options = { logits: 1, heads: 'generation' } as const;
  const run = subject.languageModel.start();
  let ready: Promise<unknown> | undefined;
  return [
    () => withRun(subject.languageModel, (fresh) => fresh.prefill([{ ids }], options)),
    async () => {
      ready ??= run.prefill([{ ids: ids.slice(0, -1) }]);
      await ready;
      await run.step([[ids.at(-1)!]], options);
    },
  ];
}

async function withRun<T>(
  model: LanguageModel,
  use: (run: ReturnType<LanguageModel['start']>) => Promise<T>,
): Promise<T> {
  const run = model.start();
  try {
    return await use(run);
  } finally {
    run.dispose();
  }
}

/** Eight line ends on a cache of half a plan. */
function foldedLineEnd(subject: Subject): Pair {
  const id = subject.plan.endOfLineId;
  const options = { logits: 1, heads: 'generation' } as const;
  const lines = (tokens: readonly (readonly number[])[]) => () =>
    withRun(subject.languageModel, async (run) => {
      await run.prefill([{ ids: halfPlan(subject) }]);
      for (let i = 0; i < 8; i++) for (const step of tokens) await run.step([step], options);
    });
  return [lines([[id], [id]]), lines([[id, id]])];
}

function oneHead(subject: Subject): Pair {
  const steps = (heads: 'both' | 'generation') => () =>
    withRun(subject.languageModel, async (run) => {
      await run.prefill([{ ids: subject.promptIds }]);
      for (let i = 0; i < 16; i++) await run.step([[subject.plan.endOfLineId]], { logits: 1, heads });
    });
  return [steps('both'), steps('generation')];
}

function drafted({ languageModel, plan }: Subject): Pair {
  return [
    () => generatePlans(languageModel, { ...plan, drafts: false }, [{}]),
    () => generatePlans(languageModel, plan, [{}]),
  ];
}

function harvest({ languageModel, model, plan, promptIds }: Subject): Pair {
  const layers = model.files.config.gen_condition_layers;
  const imageEndId = model.files.prompts.tokenizer.specialId('<|image end|>');
  return [
    async () => {
      const [made] = await generatePlans(languageModel, plan, [{}]);
      await encodeStates(languageModel, [...promptIds, ...made!.ids, imageEndId], layers);
    },
    () => generatePlans(languageModel, { ...plan, harvest: { layers, imageEndId } }, [{}]),
  ];
}

function together({ languageModel, plan }: Subject): Pair {
  const samples = () =>
    Array.from({ length: PICTURES }, (_, seed) => ({
      uniform: new RandomStream(seed, STREAMS.plan).uniform,
    }));
  return [
    async () => {
      for (const sample of samples()) await generatePlans(languageModel, plan, [sample]);
    },
    () => generatePlans(languageModel, plan, samples()),
  ];
}

/** A first turn of ten sentences is read already. */
function secondQuestion({ languageModel, model }: Subject): Pair {
  const first = [{ role: 'user', content: 'a red apple on a blue table. '.repeat(10) }] as const;
  const second = [
    ...first,
    { role: 'assistant', content: 'yes' },
    { role: 'user', content: 'what colour is it?' },
  ] as const;
  const { prompts } = model.files;
  const prompt = (messages: Parameters<typeof prompts.build>[0]) => ({
    ids: prompts.build(messages).ids,
    pictures: [],
  });
  const kept = new Conversation(languageModel);
  let ready: Promise<unknown> | undefined;
  return [
    async () => {
      const fresh = new Conversation(languageModel);
      await fresh.read(prompt(second));
      fresh.dispose();
    },
    async () => {
      ready ??= kept.read(prompt(first));
      await ready;
      await kept.read(prompt(second));
    },
  ];
}

function condition({ languageModel, model, plan, promptIds }: Subject) {
  const { width } = languageModel.shape;
  const states = (count: number) => floatTensor(new Float32Array(count * width).fill(0.1), [count, width]);
  const tokens = plan.rows * (plan.columns + 1) + 1;
  return { text: states(promptIds.length), image: states(tokens), size: defaultSize(model.files) };
}

/** The plain path embeds captions, queries, context and angles and modulates anew in every step. */
function preparedOnce(subject: Subject): Pair {
  const { diffusion, vaeDecoder } = subject;
  const { text, image, size } = condition(subject);
  const { pixels } = vaeDecoder.sizes;
  const latents = { rows: size.height / pixels, columns: size.width / pixels };
  const run = async (steps: number) => {
    const prepared = await diffusion.prepare({ text, image }, [], latents);
    const noise = noiseOf(prepared.shape);
    for await (const _ of prepared.denoise({ noise, steps, textGuidance: 1, imageGuidance: 1 }));
  };
  return [
    async () => {
      for (let step = 0; step < STEPS; step++) await run(1);
    },
    () => run(STEPS),
  ];
}

const noiseOf = (shape: readonly number[]): FloatTensor => {
  const count = shape.reduce((n, d) => n * d, 1);
  return floatTensor(new RandomStream(0, STREAMS.noise).normals(count), shape);
};

async function preview({ model, vaeDecoder }: Subject): Promise<Pair> {
  const { latentChannels, pixels } = vaeDecoder.sizes;
  const { width, height } = defaultSize(model.files);
  const latents = noiseOf([1, latentChannels, height / pixels, width / pixels]);
  const colours = await LatentColours.fit(vaeDecoder.sizes, (l) => vaeDecoder.decode(l));
  return [() => vaeDecoder.decode(latents), async () => colours.render(latents)];
}
