/**
 * Picture -> codes: the AIMv2 encoder and the quantiser.
 *
 * Unusual: no biases in the linears; RMSNorm; sine-cosine positions with x in the first half of the width and y
 * in the second; the code is the nearest codebook row after both sides are scaled to length 1.
 */
import { type BuiltGraph, GraphBuilder, type Value, type WeightSource } from '../../onnx/graph.ts';
import { PREFIX, type VisualTokenizerConfig } from './config.ts';
import { type GridSize, gridAngles, gridOf, l2Normalise, toRows } from './grid.ts';

const EPSILON = 1e-5;
const ENCODER = `${PREFIX}.encoder`;

/**
 * Graph `visual-tokenizer-encoder`: `image` [1, 3, 14 h, 14 w] in -1..1 ->
 * `codes` int64 [h * w] row by row, `margins` [h * w] (lead over the second nearest row, in twice the cosine).
 */
export function buildVisualTokenizerEncoder(
  weights: WeightSource,
  config: VisualTokenizerConfig,
): BuiltGraph {
  const g = new GraphBuilder('visual-tokenizer-encoder', weights);
  let x = patches(g, g.input('image', 'float32', [1, 3, 'height', 'width']), config);
  for (let i = 0; i < config.num_blocks; i++) x = block(g, x, `${ENCODER}.trunk.blocks.${i}`, config);
  x = g.rmsNorm(x, `${ENCODER}.trunk.post_trunk_norm.weight`, config.embed_dim, EPSILON);
  quantise(g, x, config);
  return g.finish();
}

/** -> rows [h * w, embed_dim] */
function patches(g: GraphBuilder, image: Value, config: VisualTokenizerConfig): Value {
  const { embed_dim: width, patch_size: patch } = config;
  const stem = `${ENCODER}.preprocessor.patchifier`;
  const grid = g.convolution(image, `${stem}.proj`, 3, width, patch, { stride: patch });
  const rows = g.rmsNorm(toRows(g, grid, width), `${stem}.norm.weight`, width, EPSILON);
  return g.add(rows, sineCosine(g, gridOf(g, grid, 4), width));
}

function sineCosine(g: GraphBuilder, grid: GridSize, width: number): Value {
  const { row, column } = gridAngles(g, grid, width / 4);
  const waves = (angles: Value) => [g.op('Sin', [angles]), g.op('Cos', [angles])];
  return g.concat([...waves(column), ...waves(row)], 1);
}

function block(g: GraphBuilder, x: Value, prefix: string, config: VisualTokenizerConfig): Value {
  const { embed_dim: width, mlp_hidden_dim: hidden } = config;
  const linear = (input: Value, name: string, from: number, to: number) =>
    g.linear(input, `${prefix}.${name}`, from, to, false);
  const qkv = linear(g.rmsNorm(x, `${prefix}.norm_1.weight`, width, EPSILON), 'attn.qkv', width, 3 * width);
  const [query, key, value] = g.split(qkv, 1, [width, width, width]) as [Value, Value, Value];
  const mixed = g.attention(query, key, value, config.num_heads, width);
  const attended = g.add(x, linear(mixed, 'attn.proj', width, width));
  const h = g.rmsNorm(attended, `${prefix}.norm_2.weight`, width, EPSILON);
  const gated = g.mul(g.silu(linear(h, 'mlp.fc1', width, hidden)), linear(h, 'mlp.fc3', width, hidden));
  return g.add(attended, linear(gated, 'mlp.fc2', hidden, width));
}

/** Nearest row: argmin |z - e|² = argmax (2 z·e - |e|²). */
function quantise(g: GraphBuilder, features: Value, config: VisualTokenizerConfig): void {
  const { codebook_size: size, codebook_dim: dim } = config;
  const z = l2Normalise(g, project(g, features, config));
  const codebook = l2Normalise(g, g.weight(`${PREFIX}.quantize.embedding.weight`, [size, dim]));
  const lengths = g.op('ReduceSum', [g.mul(codebook, codebook), g.ints([1])], { keepdims: 0 });
  const scores = g.sub(g.op('Gemm', [z, codebook], { transB: 1, alpha: { float: 2 } }), lengths);
  const [best, codes] = g.ops('TopK', [scores, g.ints([2])], 2, { axis: 1 }) as [Value, Value];
  g.output('codes', g.reshape(g.slice(codes, 1, 0, 1), [-1]), 'int64', ['cells']);
  const lead = g.sub(g.slice(best, 1, 0, 1), g.slice(best, 1, 1, 2));
  g.output('margins', g.reshape(lead, [-1]), 'float32', ['cells']);
}

/** The 1x1 convolution `quant_conv`, on rows. */
function project(g: GraphBuilder, rows: Value, config: VisualTokenizerConfig): Value {
  const { embed_dim: width, codebook_dim: dim } = config;
  const kernel = g.reshape(g.weight(`${PREFIX}.quant_conv.weight`, [dim, width, 1, 1]), [dim, width]);
  return g.op('Gemm', [rows, kernel, g.weight(`${PREFIX}.quant_conv.bias`, [dim])], { transB: 1 });
}
