/** Sizes of the condition embedders, from config.json. */
import type { CheckpointConfig } from '../../checkpoint/config.ts';

export interface ConditionSizes {
  /** Width of the language model's hidden states. */
  stateWidth: number;
  /** Width of the diffusion transformer. */
  width: number;
  queries: number;
  layers: number;
  heads: number;
  epsilon: number;
}

export function conditionSizes(config: CheckpointConfig): ConditionSizes {
  const width = config.gen_dit_config.hidden_size;
  const refiner = config.gen_image_condition_refiner_config;
  return {
    stateWidth: config.llm_config.text_config.hidden_size,
    width,
    queries: refiner.num_queries,
    layers: refiner.num_layers,
    heads: queryHeads(width),
    epsilon: refiner.norm_eps,
  };
}

const PREFERRED_HEAD = 128;
const MOST_HEADS = 128;

/** Heads of the Q-Former: width / 128 rounded down where that divides the width, else the nearest divisor (the larger of two). */
export function queryHeads(width: number): number {
  const wanted = Math.max(1, Math.floor(width / PREFERRED_HEAD));
  if (width % wanted === 0) return wanted;
  const target = Math.max(1, roundHalfToEven(width / PREFERRED_HEAD));
  let best = 1;
  for (let heads = 2; heads <= Math.min(MOST_HEADS, width); heads++) {
    if (width % heads === 0 && Math.abs(heads - target) <= Math.abs(best - target)) best = heads;
  }
  return best;
}

function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
