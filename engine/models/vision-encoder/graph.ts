/**
 * Qwen3-VL's vision encoder for one picture (full attention, no mask). Deepstack: after some blocks the patches
 * are merged and handed to the decoder's first layers.
 *
 * Inputs, n = patches ordered by merged block: pixel_values [n, 3 * frames * patch²],
 *   position_indexes [4, n] and position_weights [4, n, 1] (the corners of the bilinear lookup),
 *   patch_index [1, n] (0..n-1), cos, sin [n, headDim / 2].
 * Outputs: embeds [n / merge², outWidth], deepstack.j (same shape).
 */
import { type BuiltGraph, GraphBuilder, type Value, type WeightSource } from '../../onnx/graph.ts';
import type { VisionEncoderConfig } from './config.ts';

const VISUAL = 'llm_model.model.visual';
const EPSILON = 1e-6;

export function buildVisionEncoder(weights: WeightSource, config: VisionEncoderConfig): BuiltGraph {
  const graph = new GraphBuilder('vision-encoder', weights);
  const rotation = {
    index: graph.input('patch_index', 'int64', [1, 'patches']),
    cos: graph.input('cos', 'float32', ['patches', config.headDim / 2]),
    sin: graph.input('sin', 'float32', ['patches', config.headDim / 2]),
  };
  let hidden = graph.add(patchEmbedding(graph, config), positionEmbedding(graph, config));
  let features = 0;
  for (let layer = 0; layer < config.layers; layer++) {
    hidden = block(graph, config, `${VISUAL}.blocks.${layer}`, hidden, rotation);
    const merger = config.deepstack.get(layer);
    if (merger === undefined) continue;
    const feature = merge(
      graph,
      config,
      `${VISUAL}.deepstack_merger_list.${merger}`,
      hidden,
      'after shuffle',
    );
    graph.output(`deepstack.${features++}`, feature, 'float32', ['merged', config.outWidth]);
  }
  const embeds = merge(graph, config, `${VISUAL}.merger`, hidden, 'before shuffle');
  graph.output('embeds', embeds, 'float32', ['merged', config.outWidth]);
  return graph.finish();
}

/** The 3-D convolution's stride is its kernel, so it is a linear layer over whole patches. */
function patchEmbedding(graph: GraphBuilder, config: VisionEncoderConfig): Value {
  const { width, frames, patchSize } = config;
  const values = 3 * frames * patchSize * patchSize;
  const pixels = graph.input('pixel_values', 'float32', ['patches', values]);
  const kernel = graph.weight(`${VISUAL}.patch_embed.proj.weight`, [width, 3, frames, patchSize, patchSize]);
  const bias = graph.weight(`${VISUAL}.patch_embed.proj.bias`, [width]);
  return graph.op('Gemm', [pixels, graph.reshape(kernel, [width, values]), bias], { transB: 1 });
}

function positionEmbedding(graph: GraphBuilder, config: VisionEncoderConfig): Value {
  const indexes = graph.input('position_indexes', 'int32', [4, 'patches']);
  const weights = graph.input('position_weights', 'float32', [4, 'patches', 1]);
  const table = `${VISUAL}.pos_embed.weight`;
  const corners = graph.embedding(indexes, table, config.positionEmbeddings, config.width);
  return graph.op('ReduceSum', [graph.mul(corners, weights), graph.ints([0])], { keepdims: 0 });
}

function block(
  graph: GraphBuilder,
  config: VisionEncoderConfig,
  prefix: string,
  hidden: Value,
  rotation: { index: Value; cos: Value; sin: Value },
): Value {
  const { width, ffnWidth, heads } = config;
  const normed = graph.layerNorm(hidden, `${prefix}.norm1`, width, EPSILON);
  const qkv = graph.linear(normed, `${prefix}.attn.qkv`, width, 3 * width, true);
  const [q, k, v] = graph.split(graph.reshape(qkv, [1, -1, 3 * width]), 2, [width, width, width]);
  const [query, key] = [q!, k!].map((rows) =>
    graph.op(
      'RotaryEmbedding',
      [rows, rotation.index, rotation.cos, rotation.sin],
      { interleaved: 0 },
      'com.microsoft',
    ),
  );
  const mixed = graph.attention(query!, key!, v!, heads, width);
  const attended = graph.linear(mixed, `${prefix}.attn.proj`, width, width, true);
  const middle = graph.add(hidden, attended);

  const wide = graph.linear(
    graph.layerNorm(middle, `${prefix}.norm2`, width, EPSILON),
    `${prefix}.mlp.linear_fc1`,
    width,
    ffnWidth,
    true,
  );
  const active = graph.op('Gelu', [wide], { approximate: config.gelu });
  return graph.add(middle, graph.linear(active, `${prefix}.mlp.linear_fc2`, ffnWidth, width, true));
}

/** 2 x 2 patches (neighbours in row order already) side by side -> one token of the decoder. */
function merge(
  graph: GraphBuilder,
  config: VisionEncoderConfig,
  prefix: string,
  hidden: Value,
  norm: 'before shuffle' | 'after shuffle',
): Value {
  const wide = config.width * config.mergeSize ** 2;
  const shuffle = (x: Value) => graph.reshape(x, [-1, wide]);
  const merged =
    norm === 'after shuffle'
      ? graph.layerNorm(shuffle(hidden), `${prefix}.norm`, wide, EPSILON)
      : shuffle(graph.layerNorm(hidden, `${prefix}.norm`, config.width, EPSILON));
  const active = graph.op('Gelu', [graph.linear(merged, `${prefix}.linear_fc1`, wide, wide, true)]);
  return graph.linear(active, `${prefix}.linear_fc2`, wide, config.outWidth, true);
}
