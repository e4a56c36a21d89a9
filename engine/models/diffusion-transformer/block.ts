/**
 * One block of the diffusion transformer, modulated or not.
 *
 * Every use of the modulation is a factor behind an RMS norm (1 + scale before attention and FFN, tanh(gate)
 * behind them), so it is folded into the norms' weights: a block takes four weight rows, and whether they came
 * from the time step or from the checkpoint makes no difference to it.
 */
import type { GraphBuilder, Value } from '../../onnx/graph.ts';
import type { TransformerSizes } from './config.ts';

/** Names of a block's four norms in the order the modulation has them, without the modulated first one's `.norm`. */
export const NORM_NAMES = ['norm1', 'norm2', 'ffn_norm1', 'ffn_norm2'] as const;
export const NORMS = NORM_NAMES.length;

/** q and k norms have this constant, whatever the config says. */
const HEAD_EPSILON = 1e-5;

/** cos and sin [n, head / 2], one row a token. */
export interface Rotation {
  cos: Value;
  sin: Value;
}

export interface BlockInput {
  prefix: string;
  /** Weights [width] of the four norms, in the order of NORM_NAMES. */
  norms: readonly Value[];
  rotation: Rotation;
  /** Given: only the rows from here on (an int64 [1]) go through the block, all are seen. */
  from?: Value;
}

/** Rows [n, width] -> the same, or only those from `from` on. */
export function block(graph: GraphBuilder, x: Value, sizes: TransformerSizes, input: BlockInput): Value {
  const { prefix, norms } = input;
  const norm = (rows: Value, i: number) => scaledNorm(graph, rows, norms[i]!, sizes.epsilon);
  const mixed = attention(graph, norm(x, 0), sizes, input);
  const kept = rowsFrom(graph, x, input.from);
  const seen = graph.add(kept, norm(mixed, 1));
  const made = feedForward(graph, norm(seen, 2), `${prefix}feed_forward.`, sizes);
  return graph.add(seen, norm(made, 3));
}

/** x / sqrt(mean x^2 + eps) * weight, the weight a computed value. */
function scaledNorm(graph: GraphBuilder, x: Value, weight: Value, epsilon: number): Value {
  return graph.op('SimplifiedLayerNormalization', [x, weight], {
    axis: -1,
    epsilon: { float: epsilon },
    stash_type: 1,
  });
}

function rowsFrom(graph: GraphBuilder, x: Value, from: Value | undefined): Value {
  return from ? graph.op('Slice', [x, from, graph.ints([Number.MAX_SAFE_INTEGER]), graph.ints([0])]) : x;
}

function attention(graph: GraphBuilder, x: Value, sizes: TransformerSizes, input: BlockInput): Value {
  const { prefix, rotation, from } = input;
  const { width, heads, keyHeads, head } = sizes;
  const queryRotation = {
    cos: rowsFrom(graph, rotation.cos, from),
    sin: rowsFrom(graph, rotation.sin, from),
  };
  const project = (rows: Value, name: string, count: number) =>
    graph.linear(rows, `${prefix}attn.${name}`, width, count * head, false);
  const turned = (rows: Value, name: 'q' | 'k', count: number, by: Rotation) => {
    const perHead = graph.reshape(project(rows, `to_${name}`, count), [-1, count, head]);
    const normed = graph.rmsNorm(perHead, `${prefix}attn.norm_${name}.weight`, head, HEAD_EPSILON);
    return rotate(graph, normed, count, head, by);
  };
  const query = turned(rowsFrom(graph, x, from), 'q', heads, queryRotation);
  const key = repeatHeads(graph, turned(x, 'k', keyHeads, rotation), sizes);
  const value = repeatHeads(graph, project(x, 'to_v', keyHeads), sizes);
  const mixed = graph.attention(query, key, value, heads, heads * head);
  return graph.linear(mixed, `${prefix}attn.to_out.0`, heads * head, width, false);
}

/** Turns neighbouring pairs of [n, heads, head] by the row's angles -> [n, heads * head]. */
function rotate(graph: GraphBuilder, x: Value, heads: number, head: number, by: Rotation): Value {
  const rows = graph.reshape(x, [1, -1, heads * head]);
  const inputs = [rows, graph.ints([0]), by.cos, by.sin];
  const turned = graph.op('RotaryEmbedding', inputs, { interleaved: 1 }, 'com.microsoft');
  return graph.reshape(turned, [-1, heads * head]);
}

/** Each key or value head next to itself as often as query heads share it. */
function repeatHeads(graph: GraphBuilder, rows: Value, { heads, keyHeads, head }: TransformerSizes): Value {
  if (heads === keyHeads) return rows;
  const single = graph.reshape(rows, [-1, keyHeads, 1, head]);
  const repeated = graph.op('Expand', [single, graph.ints([1, 1, heads / keyHeads, 1])]);
  return graph.reshape(repeated, [-1, heads * head]);
}

function feedForward(graph: GraphBuilder, x: Value, prefix: string, sizes: TransformerSizes): Value {
  const { width, feedForward: inner } = sizes;
  const gate = graph.silu(graph.linear(x, `${prefix}linear_1`, width, inner, false));
  const up = graph.linear(x, `${prefix}linear_3`, width, inner, false);
  return graph.linear(graph.mul(gate, up), `${prefix}linear_2`, inner, width, false);
}
