/** Which weights of a checkpoint a compiled one holds as small whole numbers, and how many bits each has. */
import type { AttentionForm, WeightSource } from '../onnx/graph.ts';

export type { AttentionForm } from '../onnx/graph.ts';
export { INT4_BLOCK } from '../onnx/quantised-linear.ts';

export type Precision = 'int4' | 'int8';

/** The decoder reads all its weights for every token: 4 bits. The transformer multiplies many rows: 8 bits. */
const RULES: readonly (readonly [pattern: RegExp, precision: Precision])[] = [
  [
    /^llm_model\.model\.language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|(gen_)?mlp\.(gate|up|down)_proj)\.weight$/,
    'int4',
  ],
  [/^llm_model\.(lm|gen)_head\.weight$/, 'int4'],
  [
    /^gen_transformer\.(layers|noise_refiner|ref_image_refiner|context_refiner)\.\d+\.(attn\.to_([qkv]|out\.0)|feed_forward\.linear_[123])\.weight$/,
    'int8',
  ],
];

export const precisionOf = (tensorName: string): Precision | undefined =>
  RULES.find(([pattern]) => pattern.test(tensorName))?.[1];

/** The same weights, rounded to 8 bits while a network is loaded. */
export const roundedWeights = (weights: WeightSource): WeightSource => ({
  ...sameWeights(weights),
  isRounded: (name) => precisionOf(name) !== undefined,
});

/** The same weights, for graphs whose attention is written so. */
export const withAttention = (weights: WeightSource, attention: AttentionForm): WeightSource => ({
  ...sameWeights(weights),
  attention,
});

const sameWeights = (weights: WeightSource): WeightSource => ({
  folder: weights.folder,
  has: (name) => weights.has(name),
  locate: (name, shape, types) => weights.locate(name, shape, types),
});
