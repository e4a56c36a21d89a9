/**
 * Codes -> picture: codebook rows, a transformer over the grid, then the convolutions of `convolutions.ts`.
 *
 * Unusual: rotation of neighbouring pairs, the first half of a head by the row, the second by the column.
 */
import { type BuiltGraph, GraphBuilder, type Value, type WeightSource } from '../../onnx/graph.ts';
import { PREFIX, type VisualTokenizerConfig } from './config.ts';
import { pixelsOf } from './convolutions.ts';
import { gridAngles, gridOf, l2Normalise, toRows, toSpatial } from './grid.ts';

const EPSILON = 1e-5;
const TRANSFORMER = `${PREFIX}.s2ddecoder`;

interface Rotation {
  cos: Value;
  sin: Value;
}

/**
 * Graph `visual-tokenizer-decoder`: `codes` int64 [h, w] -> `image` [1, 3, 14 h, 14 w], about -1..1.
 * The grid needs two cells at least, since the adaptive norms take a variance over the cells.
 */
export function buildVisualTokenizerDecoder(
  weights: WeightSource,
  config: VisualTokenizerConfig,
): BuiltGraph {
  const g = new GraphBuilder('visual-tokenizer-decoder', weights);
  const codes = g.input('codes', 'int64', ['rows', 'columns']);
  const grid = gridOf(g, codes, 2);
  const angles = gridAngles(g, grid, config.decoder_width / config.decoder_heads / 4);
  const angle = g.concat([angles.row, angles.column], 1);
  const rotation = { cos: g.op('Cos', [angle]), sin: g.op('Sin', [angle]) };

  let x = embed(g, g.reshape(codes, [-1]), config);
  for (let i = 0; i < config.decoder_layers; i++) {
    x = layer(g, x, `${TRANSFORMER}.transformer.${i}`, rotation, config);
  }
  x = g.layerNorm(x, `${TRANSFORMER}.ln_post`, config.decoder_width, EPSILON);
  const spatial = toSpatial(g, x, config.decoder_width, grid);
  const z = g.convolution3(spatial, `${TRANSFORMER}.conv_out`, config.decoder_width, config.embed_dim);
  g.output('image', pixelsOf(g, z, toRows(g, z, config.embed_dim), config), 'float32', [1, 3, 'y', 'x']);
  return g.finish();
}

/** codes [n] -> rows [n, decoder_width] */
function embed(g: GraphBuilder, codes: Value, config: VisualTokenizerConfig): Value {
  const { codebook_size: size, codebook_dim: dim, embed_dim: width } = config;
  const table = g.weight(`${PREFIX}.quantize.embedding.weight`, [size, dim]);
  const quantised = l2Normalise(g, g.op('Gather', [table, codes], { axis: 0 }));
  const stem = `${PREFIX}.post_quant_conv`;
  const kernel = g.reshape(g.weight(`${stem}.weight`, [width, dim, 1, 1]), [width, dim]);
  const rows = g.op('Gemm', [quantised, kernel, g.weight(`${stem}.bias`, [width])], { transB: 1 });
  const normed = g.layerNorm(rows, `${TRANSFORMER}.ln_pre`, width, EPSILON);
  return g.linear(normed, `${TRANSFORMER}.decoder_embed`, width, config.decoder_width, true);
}

function layer(
  g: GraphBuilder,
  x: Value,
  prefix: string,
  rotation: Rotation,
  config: VisualTokenizerConfig,
): Value {
  const { decoder_width: width, decoder_heads: heads } = config;
  const hidden = Math.trunc(width * config.decoder_mlp_ratio);
  const linear = (input: Value, name: string, from: number, to: number) =>
    g.linear(input, `${prefix}.${name}`, from, to, true);
  const h = g.layerNorm(x, `${prefix}.norm1`, width, EPSILON);
  const query = rotate(g, linear(h, 'self_attn.q_proj', width, width), rotation);
  const key = rotate(g, linear(h, 'self_attn.k_proj', width, width), rotation);
  const value = linear(h, 'self_attn.v_proj', width, width);
  const mixed = g.attention(query, key, value, heads, width);
  const attended = g.add(x, linear(mixed, 'self_attn.wo', width, width));
  const inner = linear(g.layerNorm(attended, `${prefix}.norm2`, width, EPSILON), 'linear1', width, hidden);
  return g.add(attended, linear(g.op('Gelu', [inner]), 'linear2', hidden, width));
}

/** rows [n, heads * head], neighbouring pairs of every head turned by the angles [n, head / 2] */
function rotate(g: GraphBuilder, rows: Value, { cos, sin }: Rotation): Value {
  const batched = g.op('Unsqueeze', [rows, g.ints([0])]);
  const inputs = [batched, g.ints([0]), cos, sin];
  const turned = g.op('RotaryEmbedding', inputs, { interleaved: 1 }, 'com.microsoft');
  return g.op('Squeeze', [turned, g.ints([0])]);
}
