/**
 * What turns hidden states of the language model into rows the diffusion transformer attends to: a linear
 * embedder for text states, and a Q-Former that condenses any number of visual-token states into a fixed
 * number of queries. Neither depends on the time step.
 *
 * Unusual: the Q-Former's keys and values are the projected states without a norm of their own, its last layer
 * has no norm after it, and its FFN width ignores the transformer's multiplier.
 */
import { type BuiltGraph, GraphBuilder, type Value, type WeightSource } from '../../onnx/graph.ts';
import type { ConditionSizes } from './config.ts';

/** The reference builds this norm with its own constant, whatever the config says. */
const CAPTION_EPSILON = 1e-5;
const FFN_MULTIPLE = 256;

export const CAPTION_PREFIX = 'gen_transformer.time_caption_embed.caption_embedder.';
export const QUERY_PREFIX = 'gen_transformer.time_caption_embed.image_embedder.';

/** `states` [n, stateWidth] -> `rows` [n, width]. */
export function buildCaptionEmbedder(weights: WeightSource, sizes: ConditionSizes): BuiltGraph {
  const graph = new GraphBuilder('caption-embedder', weights);
  const states = graph.input('states', 'float32', ['states', sizes.stateWidth]);
  const rows = normAndProject(graph, states, CAPTION_PREFIX, sizes, CAPTION_EPSILON);
  graph.output('rows', rows, 'float32', ['states', sizes.width]);
  return graph.finish();
}

/** `states` [m, stateWidth] (attended ones only, m >= 1) -> `rows` [queries, width]. */
export function buildQueryFormer(
  weights: WeightSource,
  sizes: ConditionSizes,
  prefix = QUERY_PREFIX,
): BuiltGraph {
  const { width, queries, epsilon } = sizes;
  const graph = new GraphBuilder('q-former', weights);
  const states = graph.input('states', 'float32', ['states', sizes.stateWidth]);
  const memory = normAndProject(graph, states, `${prefix}input_proj.`, sizes, epsilon);
  let x = graph.reshape(graph.weight(`${prefix}query`, [1, queries, width]), [queries, width]);
  for (let i = 0; i < sizes.layers; i++) {
    const layer = `${prefix}layers.${i}.`;
    const norm = (name: string) => graph.rmsNorm(x, `${layer}${name}.weight`, width, epsilon);
    const own = norm('ln_q1');
    x = graph.add(x, packedAttention(graph, own, own, `${layer}self_attn.`, sizes));
    x = graph.add(x, packedAttention(graph, norm('ln_q2'), memory, `${layer}cross_attn.`, sizes));
    x = graph.add(x, feedForward(graph, norm('ln_ffn'), `${layer}ffn.`, width));
  }
  graph.output('rows', x, 'float32', [queries, width]);
  return graph.finish();
}

function normAndProject(
  graph: GraphBuilder,
  states: Value,
  prefix: string,
  sizes: ConditionSizes,
  epsilon: number,
): Value {
  const normed = graph.rmsNorm(states, `${prefix}0.weight`, sizes.stateWidth, epsilon);
  return graph.linear(normed, `${prefix}1`, sizes.stateWidth, sizes.width, true);
}

/** torch's MultiheadAttention: the three input projections lie in one matrix [q; k; v]. */
function packedAttention(
  graph: GraphBuilder,
  queries: Value,
  memory: Value,
  prefix: string,
  { width, heads }: ConditionSizes,
): Value {
  const three = [width, width, width];
  const weights = graph.split(graph.weight(`${prefix}in_proj_weight`, [3 * width, width]), 0, three);
  const biases = graph.split(graph.weight(`${prefix}in_proj_bias`, [3 * width]), 0, three);
  const [q, k, v] = [queries, memory, memory].map((rows, i) =>
    graph.op('Gemm', [rows, weights[i]!, biases[i]!], { transB: 1 }),
  );
  const mixed = graph.attention(q!, k!, v!, heads, width);
  return graph.linear(mixed, `${prefix}out_proj`, width, width, true);
}

function feedForward(graph: GraphBuilder, x: Value, prefix: string, width: number): Value {
  const inner = FFN_MULTIPLE * Math.ceil((4 * width) / FFN_MULTIPLE);
  const gate = graph.silu(graph.linear(x, `${prefix}linear_1`, width, inner, false));
  const up = graph.linear(x, `${prefix}linear_3`, width, inner, false);
  return graph.linear(graph.mul(gate, up), `${prefix}linear_2`, inner, width, false);
}
