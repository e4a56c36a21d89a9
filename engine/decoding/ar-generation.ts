/**
 * The plan of a picture: rows x (columns + 1) visual tokens from the language model, one after the other. The last
 * of each row is the forced end-of-line token; it is fed together with the token before it, in one step.
 *
 * A single plan is drafted: a pass checks guessed tokens (plan-draft.ts) together, and goes on behind the right ones.
 * The ids are those of the plain way, since each is drawn from the same scores by the same random number.
 *
 * Guidance runs a second row of the same ids that sees only the last ten of the prompt. Several pictures of one
 * prompt share its prefill and then step as one batch.
 */
import { throwIfCancelled } from '../errors.ts';
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';
import { ANSWER_PREFIX_LENGTH, distinctLayers, HarvestedStates } from './condition.ts';
import type {
  ForwardOptions,
  LanguageModel,
  LanguageModelRun,
  PictureFeatures,
  RowOutput,
} from './language-model.ts';
import { PlanDraft } from './plan-draft.ts';
import { type ChoiceRules, chooseToken, processScores, type RawScores } from './token-choice.ts';

/** The reference's floor for top-k and top-p. */
export const PLAN_MINIMUM_KEPT = 3;

export interface PlanRequest {
  /** Ends in the answer prefix `<|im_start|>assistant\n<|image start|>rr*cc<|image token|>`. */
  promptIds: readonly number[];
  /** For the image placeholders of the prompt. */
  pictures?: PictureFeatures;
  rows: number;
  columns: number;
  /** How tokens are chosen; `uniform` comes from each sample. */
  rules: Omit<ChoiceRules, 'uniform'>;
  endOfLineId: number;
  /** Keep the hidden states that condition the diffusion (see condition.ts). */
  harvest?: { layers: readonly number[]; imageEndId: number };
  signal?: AbortSignal;
  /** A row of a sample is finished; `ids` are the sample's so far. Waited for. */
  onRow?: (finished: { sample: number; row: number; ids: readonly number[] }) => void | Promise<void>;
  /** Sees the scores of every step of sample 0 (forced ones too); costs a head more a row. */
  observe?: (step: number, scores: Float32Array) => void;
  /** false: one token a pass always. Default true, where there is one sample and nobody observes. */
  drafts?: boolean;
}

/** One picture to plan. */
export interface PlanSample {
  /** Uniform numbers in 0..1, one a token, forced ones too. Absent = greedy. */
  uniform?: () => number;
}

export interface Plan {
  /** rows * (columns + 1) ids, each row with its end-of-line. */
  ids: Int32Array;
  /** If harvested: averaged states of prompt, plan and `<|image end|>`, [tokens, width]. */
  states?: FloatTensor;
}

/**
 * @returns one plan a sample
 * @throws CancelledError between two tokens, TuskError `non-finite` if the model's scores are not numbers
 */
export async function generatePlans(
  model: LanguageModel,
  request: PlanRequest,
  samples: readonly PlanSample[],
): Promise<Plan[]> {
  const loop = await PlanLoop.start(model, request, samples);
  try {
    for (let row = 0; row < request.rows; row++) await loop.makeRow(row);
    return loop.plans();
  } finally {
    loop.dispose();
  }
}

/** 1 for the ids the unconditional row sees: the answer prefix. */
export function unconditionalMask(promptLength: number): Int32Array {
  return new Int32Array(promptLength).fill(1, Math.max(0, promptLength - ANSWER_PREFIX_LENGTH));
}

interface SampleState {
  readonly ids: number[];
  readonly uniform: (() => number) | undefined;
  readonly harvested: HarvestedStates | undefined;
}

class PlanLoop {
  private readonly samples: readonly SampleState[];
  private readonly rowsPerSample: number;
  private readonly draft: PlanDraft | undefined;
  private step = 0;

  private constructor(
    private readonly run: LanguageModelRun,
    private readonly firstId: number,
    vocabularyEnd: number,
    private readonly request: PlanRequest,
    samples: readonly PlanSample[],
    private outputs: RowOutput[],
  ) {
    this.rowsPerSample = rowsPerSample(request);
    this.samples = samples.map(({ uniform }) => ({
      ids: [],
      uniform,
      harvested: request.harvest && new HarvestedStates(request.harvest.layers),
    }));
    const { columns, drafts = true, observe, rules } = request;
    const isDrafted = drafts && !observe && samples.length === 1;
    const allowed = { first: rules.firstAllowed ?? 0, end: vocabularyEnd };
    this.draft = isDrafted ? new PlanDraft(columns, allowed) : undefined;
    this.keepStates();
  }

  static async start(
    model: LanguageModel,
    request: PlanRequest,
    samples: readonly PlanSample[],
  ): Promise<PlanLoop> {
    const { promptIds: ids, pictures } = request;
    const conditional = { ids, ...(pictures && { pictures }) };
    const unconditional = { ...conditional, attentionMask: unconditionalMask(ids.length) };
    const prefilled = model.start();
    try {
      const inputs = [conditional, unconditional].slice(0, rowsPerSample(request));
      const outputs = await prefilled.prefill(inputs, forwardOptions(request, 1));
      const order = samples.flatMap(() => [...inputs.keys()]);
      const run = samples.length === 1 ? prefilled : prefilled.fork(order);
      if (run !== prefilled) prefilled.dispose();
      const { generationStart, generationVocabulary, textVocabulary } = model.shape;
      const hasGeneration = generationVocabulary > 0;
      return new PlanLoop(
        run,
        hasGeneration ? textVocabulary : 0,
        hasGeneration ? generationStart + generationVocabulary : textVocabulary,
        request,
        samples,
        order.map((row) => outputs[row]!),
      );
    } catch (error) {
      prefilled.dispose();
      throw error;
    }
  }

  async makeRow(row: number): Promise<void> {
    const { rows, endOfLineId, harvest } = this.request;
    const isLast = row === rows - 1;
    const forced = isLast && harvest ? [endOfLineId, harvest.imageEndId] : [endOfLineId];
    if (this.draft) await this.makeDraftedRow(this.draft, forced, !isLast);
    else await this.makePlainRow(forced, !isLast);
    for (const [sample, { ids }] of this.samples.entries()) {
      await this.request.onRow?.({ sample, row, ids });
    }
  }

  private async makePlainRow(forced: readonly number[], goesOn: boolean): Promise<void> {
    const { columns } = this.request;
    for (let column = 0; column < columns; column++) {
      throwIfCancelled(this.request.signal);
      for (const index of this.samples.keys()) this.choose(index);
      this.step += 1;
      if (column < columns - 1) await this.feed([]);
    }
    await this.endRow(forced, goesOn);
  }

  /** Each pass feeds the newest token, a draft, and behind a draft that completes the row what is forced. */
  private async makeDraftedRow(draft: PlanDraft, forced: readonly number[], goesOn: boolean): Promise<void> {
    const { columns, harvest } = this.request;
    const { ids, uniform } = this.samples[0]!;
    const start = ids.length;
    const above = start === 0 ? undefined : ids.slice(start - columns - 1, start - 1);
    this.choose(0);
    for (let isDone = false; !isDone; ) {
      const guessed = draft.guess(ids.slice(start), above);
      const completes = ids.length - start + guessed.length === columns;
      const isNeeded = !completes || goesOn || harvest !== undefined || guessed.length > 0;
      if (isNeeded) await this.feedDraft(guessed, completes ? forced : []);
      const right = this.accept(guessed);
      draft.learn(guessed.length, right);
      isDone = completes && right === guessed.length;
      if (!isDone && right === guessed.length) this.choose(0, right);
    }
    uniform?.();
    ids.push(forced[0]!);
  }

  private async feedDraft(guessed: readonly number[], forced: readonly number[]): Promise<void> {
    throwIfCancelled(this.request.signal);
    const tokens = [this.samples[0]!.ids.at(-1)!, ...guessed, ...forced];
    const rows = Array.from({ length: this.rowsPerSample }, () => tokens);
    const positions = guessed.length > 0 ? tokens.length : 1;
    this.outputs = await this.run.step(rows, forwardOptions(this.request, positions));
  }

  /**
   * Draws behind each guess that was right, and forgets what was fed behind the first wrong one.
   * @returns how many were right
   */
  private accept(guessed: readonly number[]): number {
    const { ids } = this.samples[0]!;
    for (const [i, guess] of guessed.entries()) {
      this.choose(0, i);
      if (ids.at(-1) === guess) continue;
      this.keepStates(i + 1);
      this.forgetLast(this.outputs[0]!.logits.shape[0]! - i - 1);
      return i;
    }
    this.keepStates();
    return guessed.length;
  }

  private forgetLast(tokens: number): void {
    for (let row = 0; row < this.rowsPerSample; row++)
      this.run.truncate(row, this.run.ids(row).length - tokens);
  }

  private choose(index: number, position = -1): void {
    const sample = this.samples[index]!;
    const { uniform } = sample;
    const rules = { ...this.request.rules, ...(uniform && { uniform }) };
    const [raw, seen] = [this.rawScores(index, position), this.seen(sample)];
    if (index === 0) this.request.observe?.(this.step, processScores(raw, seen, rules));
    sample.ids.push(chooseToken(raw, seen, rules));
  }

  /** Feeds the row's last token with the forced ones after it, if anything needs what comes out. */
  private async endRow(forced: readonly number[], goesOn: boolean): Promise<void> {
    const { harvest, observe } = this.request;
    if (goesOn || harvest || observe) await this.feed(forced);
    if (observe) {
      const raw = this.rawScores(0, 0);
      observe(this.step, processScores(raw, this.seen(this.samples[0]!), this.request.rules));
    }
    for (const sample of this.samples) {
      sample.uniform?.();
      sample.ids.push(forced[0]!);
    }
    this.step += 1;
  }

  /** Appends each sample's newest token, and `forced` behind it, to all its rows. */
  private async feed(forced: readonly number[]): Promise<void> {
    throwIfCancelled(this.request.signal);
    const tokens = this.samples.flatMap(({ ids }) =>
      Array.from({ length: this.rowsPerSample }, () => [ids.at(-1)!, ...forced]),
    );
    const positions = this.request.observe ? forced.length + 1 : 1;
    this.outputs = await this.run.step(tokens, forwardOptions(this.request, positions));
    this.keepStates();
  }

  /** @param count of the tokens last fed, default all */
  private keepStates(count?: number): void {
    for (const [i, { harvested }] of this.samples.entries()) {
      const { hidden } = this.outputs[i * this.rowsPerSample]!;
      harvested?.add(count === undefined ? hidden : hidden.map((states) => firstRows(states, count)));
    }
  }

  private seen(sample: SampleState): number[] {
    return this.request.rules.repetitionPenalty === 1 ? [] : [...this.request.promptIds, ...sample.ids];
  }

  /** @param position of those the last forward scored; -1 = the newest */
  private rawScores(sample: number, position: number): RawScores {
    const row = sample * this.rowsPerSample;
    const { firstId, outputs } = this;
    const conditional = scoresAt(outputs[row]!, position);
    if (this.rowsPerSample === 1) return { firstId, conditional };
    return { firstId, conditional, unconditional: scoresAt(outputs[row + 1]!, position) };
  }

  plans(): Plan[] {
    return this.samples.map(({ ids, harvested }) => ({
      ids: Int32Array.from(ids),
      ...(harvested && { states: harvested.states() }),
    }));
  }

  dispose(): void {
    this.run.dispose();
  }
}

const rowsPerSample = ({ rules }: PlanRequest): number => (rules.guidance > 1 ? 2 : 1);

function forwardOptions({ harvest, signal }: PlanRequest, logits: number): ForwardOptions {
  return {
    logits,
    heads: 'generation',
    ...(harvest && { hidden: distinctLayers(harvest.layers) }),
    ...(signal && { signal }),
  };
}

/** [count, width] of [tokens, width], a view. */
function firstRows({ data, shape }: FloatTensor, count: number): FloatTensor {
  const width = shape[1]!;
  return floatTensor(data.subarray(0, count * width), [count, width]);
}

function scoresAt({ logits }: RowOutput, position: number): Float32Array {
  const width = logits.shape[1]!;
  const index = position < 0 ? logits.shape[0]! + position : position;
  return logits.data.subarray(index * width, (index + 1) * width);
}
