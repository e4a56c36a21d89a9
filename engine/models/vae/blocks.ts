/** The parts both halves of the VAE are made of. Pictures and features are [1, channels, height, width]. */
import type { GraphBuilder, Value } from '../../onnx/graph.ts';
import type { VaeSizes } from './config.ts';

const EPSILON = 1e-6;

/** Group norm, SiLU, 3x3 convolution. */
export function normAndConvolve(
  graph: GraphBuilder,
  x: Value,
  [norm, convolution]: readonly [string, string],
  [inChannels, outChannels]: readonly [number, number],
  groups: number,
): Value {
  const active = graph.silu(graph.groupNorm(x, norm, inChannels, groups, EPSILON));
  return graph.convolution3(active, convolution, inChannels, outChannels);
}

/** x + two normed convolutions; x goes through a 1x1 convolution where the width changes. */
export function residual(
  graph: GraphBuilder,
  x: Value,
  prefix: string,
  inChannels: number,
  outChannels: number,
  groups: number,
): Value {
  const name = (part: string) => `${prefix}${part}`;
  const first = normAndConvolve(graph, x, [name('norm1'), name('conv1')], [inChannels, outChannels], groups);
  const second = normAndConvolve(
    graph,
    first,
    [name('norm2'), name('conv2')],
    [outChannels, outChannels],
    groups,
  );
  const shortcut =
    inChannels === outChannels ? x : graph.convolution(x, name('conv_shortcut'), inChannels, outChannels, 1);
  return graph.add(shortcut, second);
}

/** Residual block, [one-head attention over all pixels], residual block. */
export function middle(graph: GraphBuilder, x: Value, prefix: string, sizes: VaeSizes): Value {
  const width = sizes.widths.at(-1)!;
  const block = (input: Value, i: number) =>
    residual(graph, input, `${prefix}resnets.${i}.`, width, width, sizes.groups);
  const first = block(x, 0);
  const seen = sizes.midAttention
    ? pixelAttention(graph, first, `${prefix}attentions.0.`, width, sizes.groups)
    : first;
  return block(seen, 1);
}

function pixelAttention(graph: GraphBuilder, x: Value, prefix: string, width: number, groups: number): Value {
  const normed = graph.groupNorm(x, `${prefix}group_norm`, width, groups, EPSILON);
  const pixels = graph.transpose(graph.reshape(normed, [width, -1]), [1, 0]);
  const [q, k, v] = ['to_q', 'to_k', 'to_v'].map((name) =>
    graph.linear(pixels, `${prefix}${name}`, width, width, true),
  );
  const mixed = graph.attention(q!, k!, v!, 1, width);
  const rows = graph.linear(mixed, `${prefix}to_out.0`, width, width, true);
  const picture = graph.op('Reshape', [graph.transpose(rows, [1, 0]), graph.op('Shape', [x])]);
  return graph.add(x, picture);
}
