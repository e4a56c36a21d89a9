/**
 * The convolutional half of the decoder: 16 x up by depth-to-space, with a bilinear 7/8 step before the last
 * doubling, which makes 14. Before each level the features are renormalised by the spread and mean of `z`.
 */
import type { GraphBuilder, Value } from '../../onnx/graph.ts';
import { PREFIX, type VisualTokenizerConfig } from './config.ts';
import { toFloat } from './grid.ts';

const EPSILON = 1e-6;
const DECODER = `${PREFIX}.decoder`;

/** Per channel of `z`, rows [1, embed_dim]: sqrt(unbiased variance + eps), and the mean. */
interface Style {
  spread: Value;
  mean: Value;
}

/**
 * @param z [1, embed_dim, h, w]
 * @param cells the same as rows [h * w, embed_dim]
 * @returns [1, 3, 14 h, 14 w]
 */
export function pixelsOf(g: GraphBuilder, z: Value, cells: Value, config: VisualTokenizerConfig): Value {
  const style = styleOf(g, cells);
  const widths = [...config.decoder_ch_mult].reverse().map((multiple) => multiple * config.decoder_ch);
  let width = widths[0]!;
  let h = g.convolution3(z, `${DECODER}.conv_in`, config.embed_dim, width);
  for (const i of [0, 1]) h = residual(g, h, `${DECODER}.mid.${i}`, width, width, config);
  for (const [level, next] of widths.entries()) {
    h = adaptiveNorm(g, h, `${DECODER}.adaptive.${level}`, width, style, config);
    for (let i = 0; i <= config.decoder_num_res_blocks; i++) {
      h = residual(g, h, `${DECODER}.conv_blocks.${level}.res.${i}`, width, next, config);
      width = next;
    }
    if (level === widths.length - 2) h = sevenEighths(g, h);
    if (level < widths.length - 1) h = double(g, h, `${DECODER}.conv_blocks.${level}.upsample.conv1`, width);
  }
  const normed = g.groupNorm(h, `${DECODER}.norm_out`, width, config.decoder_norm_groups, EPSILON);
  return g.convolution3(g.silu(normed), `${DECODER}.conv_out`, width, 3);
}

function styleOf(g: GraphBuilder, cells: Value): Style {
  const overCells = g.ints([0]);
  const mean = g.op('ReduceMean', [cells, overCells], { keepdims: 1 });
  const centred = g.sub(cells, mean);
  const squares = g.op('ReduceSum', [g.mul(centred, centred), overCells], { keepdims: 1 });
  const count = toFloat(g, g.slice(g.op('Shape', [cells]), 0, 0, 1));
  const variance = g.div(squares, g.sub(count, g.floats([1], [1])));
  return { spread: g.op('Sqrt', [g.add(variance, g.scalar(EPSILON))]), mean };
}

function adaptiveNorm(
  g: GraphBuilder,
  h: Value,
  prefix: string,
  width: number,
  style: Style,
  config: VisualTokenizerConfig,
): Value {
  const perChannel = (rows: Value, name: string) =>
    g.reshape(g.linear(rows, `${prefix}.${name}`, config.embed_dim, width, true), [1, width, 1, 1]);
  const normed = g.plainGroupNorm(h, config.decoder_norm_groups, EPSILON);
  return g.add(g.mul(perChannel(style.spread, 'gamma'), normed), perChannel(style.mean, 'beta'));
}

function residual(
  g: GraphBuilder,
  x: Value,
  prefix: string,
  from: number,
  to: number,
  config: VisualTokenizerConfig,
): Value {
  const normed = (value: Value, name: string, width: number) =>
    g.silu(g.groupNorm(value, `${prefix}.${name}`, width, config.decoder_norm_groups, EPSILON));
  const first = g.convolution3(normed(x, 'norm1', from), `${prefix}.conv1`, from, to);
  const second = g.convolution3(normed(first, 'norm2', to), `${prefix}.conv2`, to, to);
  const straight = from === to ? x : g.convolution(x, `${prefix}.nin_shortcut`, from, to, 1);
  return g.add(straight, second);
}

function sevenEighths(g: GraphBuilder, h: Value): Value {
  return g.op('Resize', [h, null, g.floats([1, 1, 7 / 8, 7 / 8], [4])], {
    mode: 'linear',
    coordinate_transformation_mode: 'half_pixel',
  });
}

/** [1, width, h, w] -> [1, width, 2 h, 2 w]; the block index stands before the channel (DCR). */
function double(g: GraphBuilder, h: Value, prefix: string, width: number): Value {
  const wide = g.convolution3(h, prefix, width, 4 * width);
  return g.op('DepthToSpace', [wide], { blocksize: 2, mode: 'DCR' });
}
