/**
 * The picture autoencoder: pixels in -1..1 to the mean and log variance of their latents, latents to pixels.
 *
 * Unusual: halving pads on the right and below only; the decoder has one residual block more than the encoder
 * on each level; mid attention and the 1x1 convolutions around the latents exist in some checkpoints only.
 */
import { type BuiltGraph, GraphBuilder, type Value, type WeightSource } from '../../onnx/graph.ts';
import { middle, normAndConvolve, residual } from './blocks.ts';
import type { VaeSizes } from './config.ts';

const PREFIX = 'gen_vae.';
const COLOURS = 3;

/** `image` [1, 3, h, w] -> `moments` [1, 2 * latent channels, h / pixels, w / pixels] (means, then log variances). */
export function buildVaeEncoder(weights: WeightSource, sizes: VaeSizes): BuiltGraph {
  const { widths, groups, latentChannels } = sizes;
  const graph = new GraphBuilder('vae-encoder', weights);
  const image = graph.input('image', 'float32', [1, COLOURS, 'height', 'width']);
  const prefix = `${PREFIX}encoder.`;
  let x = graph.convolution3(image, `${prefix}conv_in`, COLOURS, widths[0]!);
  for (let level = 0; level < widths.length; level++) x = encoderLevel(graph, x, prefix, level, sizes);
  x = middle(graph, x, `${prefix}mid_block.`, sizes);
  const names = [`${prefix}conv_norm_out`, `${prefix}conv_out`] as const;
  const moments = 2 * latentChannels;
  x = normAndConvolve(graph, x, names, [widths.at(-1)!, moments], groups);
  if (sizes.quantConv) x = graph.convolution(x, `${PREFIX}quant_conv`, moments, moments, 1);
  graph.output('moments', x, 'float32', [1, moments, 'rows', 'columns']);
  return graph.finish();
}

function encoderLevel(graph: GraphBuilder, x: Value, prefix: string, level: number, sizes: VaeSizes): Value {
  const { widths, layers, groups } = sizes;
  const width = widths[level]!;
  const block = `${prefix}down_blocks.${level}.`;
  for (let i = 0; i < layers; i++) {
    const from = i === 0 && level > 0 ? widths[level - 1]! : width;
    x = residual(graph, x, `${block}resnets.${i}.`, from, width, groups);
  }
  if (level === widths.length - 1) return x;
  return graph.convolution(x, `${block}downsamplers.0.conv`, width, width, 3, {
    stride: 2,
    pads: [0, 0, 1, 1],
  });
}

/** `latents` [1, latent channels, h, w], unscaled -> `image` [1, 3, h * pixels, w * pixels]. */
export function buildVaeDecoder(weights: WeightSource, sizes: VaeSizes): BuiltGraph {
  const { widths, groups, latentChannels } = sizes;
  const graph = new GraphBuilder('vae-decoder', weights);
  let x = graph.input('latents', 'float32', [1, latentChannels, 'rows', 'columns']);
  if (sizes.postQuantConv) {
    x = graph.convolution(x, `${PREFIX}post_quant_conv`, latentChannels, latentChannels, 1);
  }
  const prefix = `${PREFIX}decoder.`;
  x = graph.convolution3(x, `${prefix}conv_in`, latentChannels, widths.at(-1)!);
  x = middle(graph, x, `${prefix}mid_block.`, sizes);
  for (let level = 0; level < widths.length; level++) x = decoderLevel(graph, x, prefix, level, sizes);
  const names = [`${prefix}conv_norm_out`, `${prefix}conv_out`] as const;
  x = normAndConvolve(graph, x, names, [widths[0]!, COLOURS], groups);
  graph.output('image', x, 'float32', [1, COLOURS, 'height', 'width']);
  return graph.finish();
}

/** Levels count from the latents up, as the tensors' names do. */
function decoderLevel(graph: GraphBuilder, x: Value, prefix: string, level: number, sizes: VaeSizes): Value {
  const { layers, groups } = sizes;
  const widths = [...sizes.widths].reverse();
  const width = widths[level]!;
  const block = `${prefix}up_blocks.${level}.`;
  for (let i = 0; i <= layers; i++) {
    const from = i === 0 && level > 0 ? widths[level - 1]! : width;
    x = residual(graph, x, `${block}resnets.${i}.`, from, width, groups);
  }
  if (level === widths.length - 1) return x;
  return graph.convolution3(doubled(graph, x), `${block}upsamplers.0.conv`, width, width);
}

/** Each pixel becomes a square of four. */
function doubled(graph: GraphBuilder, x: Value): Value {
  return graph.op('Resize', [x, null, graph.floats([1, 1, 2, 2], [4])], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}
