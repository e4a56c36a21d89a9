/**
 * The enlarging network (SRVGGNetCompact): 3x3 convolutions at the source's size, each followed by a PReLU, then each
 * pixel's 48 values become a square of 4 x 4. What is computed is the difference to the source with its pixels repeated.
 *
 * Enlarging by 2 halves the result by bicubic interpolation without smoothing, as the reference does.
 */
import { type BuiltGraph, GraphBuilder, type Value, type WeightSource } from '../../onnx/graph.ts';
import { UPSCALER, type UpscaleFactor } from './config.ts';

const CUBIC_COEFFICIENT = -0.75;

/** `picture` [1, 3, h, w] in 0..1 -> `enlarged` [1, 3, h * factor, w * factor], about 0..1. */
export function buildUpscaler(weights: WeightSource, factor: UpscaleFactor): BuiltGraph {
  const { colours, width, layers, scale } = UPSCALER;
  const graph = new GraphBuilder(`upscaler-x${factor}`, weights);
  const picture = graph.input('picture', 'float32', [1, colours, 'height', 'width']);
  let x = picture;
  for (let i = 0; i <= layers; i++) x = activated(graph, x, i, i === 0 ? colours : width);
  const values = graph.convolution3(x, `body.${2 * layers + 2}`, width, colours * scale ** 2);
  const detail = graph.op('DepthToSpace', [values], { blocksize: scale, mode: 'CRD' });
  const enlarged = graph.add(detail, repeated(graph, picture, scale));
  const result = factor === scale ? enlarged : resized(graph, enlarged, factor / scale);
  graph.output('enlarged', result, 'float32', [1, colours, 'rows', 'columns']);
  return graph.finish();
}

/** Convolution `i` with its PReLU: one slope a channel for what is below zero. */
function activated(graph: GraphBuilder, x: Value, i: number, inChannels: number): Value {
  const { width } = UPSCALER;
  const convolved = graph.convolution3(x, `body.${2 * i}`, inChannels, width);
  const slopes = graph.reshape(graph.weight(`body.${2 * i + 1}.weight`, [width]), [width, 1, 1]);
  return graph.op('PRelu', [convolved, slopes]);
}

function repeated(graph: GraphBuilder, x: Value, scale: number): Value {
  return graph.op('Resize', [x, null, scales(graph, scale)], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}

function resized(graph: GraphBuilder, x: Value, scale: number): Value {
  return graph.op('Resize', [x, null, scales(graph, scale)], {
    mode: 'cubic',
    cubic_coeff_a: { float: CUBIC_COEFFICIENT },
    coordinate_transformation_mode: 'half_pixel',
  });
}

const scales = (graph: GraphBuilder, scale: number): Value => graph.floats([1, 1, scale, scale], [4]);
