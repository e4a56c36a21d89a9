/**
 * The hidden states that condition the diffusion: which tokens' states, from which layers.
 *
 * The reference reads the finished ids once more, without pictures, to get them. For a prompt without pictures
 * those are the states the plan's own forward passes had, so they are harvested there; with pictures the second
 * pass differs (plain embeddings, plain positions) and has to be made.
 */
import { assertFinite, type FloatTensor, floatTensor } from '../runtime/tensor.ts';
import type { LanguageModel } from './language-model.ts';

/** Ids of `<|im_start|>assistant\n<|image start|>rr*cc<|image token|>`; the reference takes ten whatever the grid. */
export const ANSWER_PREFIX_LENGTH = 10;

export type ConditionMode = 'text' | 'image' | 'text_image';

export interface ConditionRules {
  mode: ConditionMode;
  /** `gen_text_condition_with_answer`: text tokens of the answer prefix count too. */
  withAnswer: boolean;
  /** Ids from here on are image tokens: visual tokens, end-of-line and markers. */
  generationStart: number;
  /** Ids that stand for pictures in a prompt; they are no text. */
  visualIds: readonly number[];
}

/** States of one picture to make, each [tokens, width]. */
export interface Condition {
  /** No tokens in mode `image`. */
  text: FloatTensor;
  /** Absent in mode `text`. */
  image?: FloatTensor;
}

/** What a pass has to give for `gen_condition_layers`, which may name a layer many times. */
export const distinctLayers = (layers: readonly number[]): number[] => [...new Set(layers)];

/** Averaged states of consecutive tokens, gathered pass by pass. A layer may be named often: it weighs as often. */
export class HarvestedStates {
  /** `distinctLayers` */
  readonly layers: readonly number[];
  private readonly weights: readonly number[];
  private readonly chunks: Float32Array[] = [];
  private width = 0;

  /** @param layers `gen_condition_layers` */
  constructor(layers: readonly number[]) {
    this.layers = distinctLayers(layers);
    this.weights = this.layers.map((layer) => layers.filter((l) => l === layer).length / layers.length);
  }

  /** @param hidden the states of the same tokens from each of `layers`, each [tokens, width] */
  add(hidden: readonly FloatTensor[]): void {
    this.width = hidden[0]!.shape[1]!;
    this.chunks.push(this.average(hidden));
  }

  /** All of them, [tokens, width]. @throws TuskError `non-finite` if one is no number */
  states(): FloatTensor {
    const length = this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const data = new Float32Array(length);
    let offset = 0;
    for (const chunk of this.chunks) {
      data.set(chunk, offset);
      offset += chunk.length;
    }
    assertFinite(data, 'The language model');
    return floatTensor(data, [length / this.width, this.width]);
  }

  private average(hidden: readonly FloatTensor[]): Float32Array {
    const mean = new Float64Array(hidden[0]!.data.length);
    for (const [layer, { data }] of hidden.entries()) {
      const weight = this.weights[layer]!;
      for (let i = 0; i < mean.length; i++) mean[i]! += weight * data[i]!;
    }
    return Float32Array.from(mean);
  }
}

/**
 * The reference's own pass: plain text positions, no pictures. Used for edits and for the negative prompt.
 * @param layers `gen_condition_layers`
 * @returns [ids, width]
 */
export async function encodeStates(
  model: LanguageModel,
  ids: readonly number[],
  layers: readonly number[],
  signal?: AbortSignal,
): Promise<FloatTensor> {
  const run = model.start();
  try {
    const harvested = new HarvestedStates(layers);
    const options = { hidden: harvested.layers, ...(signal && { signal }) };
    const [output] = await run.prefill([{ ids }], options);
    harvested.add(output!.hidden);
    return harvested.states();
  } finally {
    run.dispose();
  }
}

/**
 * @param states of every id, [ids, width]
 * @param ids prompt, plan and `<|image end|>`
 */
export function selectCondition(
  states: FloatTensor,
  ids: readonly number[],
  promptLength: number,
  { mode, withAnswer, generationStart, visualIds }: ConditionRules,
): Condition {
  const answerStart = promptLength - ANSWER_PREFIX_LENGTH;
  const isText = (id: number, i: number) =>
    mode !== 'image' && id < generationStart && !visualIds.includes(id) && (withAnswer || i < answerStart);
  const isImage = (id: number, i: number) => id >= generationStart && i >= answerStart;
  const text = pickRows(states, ids, isText);
  return mode === 'text' ? { text } : { text, image: pickRows(states, ids, isImage) };
}

function pickRows(
  states: FloatTensor,
  ids: readonly number[],
  wanted: (id: number, index: number) => boolean,
): FloatTensor {
  const width = states.shape[1]!;
  const indices = ids.flatMap((id, i) => (wanted(id, i) ? [i] : []));
  const data = new Float32Array(indices.length * width);
  for (const [row, index] of indices.entries()) {
    data.set(states.data.subarray(index * width, (index + 1) * width), row * width);
  }
  return floatTensor(data, [indices.length, width]);
}
