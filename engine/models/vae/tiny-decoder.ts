/**
 * The tiny decoder: latents to pixels in a sixth of the VAE decoder's products, learned from what that decodes
 * (training/networks/tiny_decoder.py). Its widths and depths are those of the tensors in its file.
 */
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { TINY_DECODER_FILE } from '../../checkpoint/weight-files.ts';
import { TuskError } from '../../errors.ts';
import { type BuiltGraph, GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { VaeSizes } from './config.ts';

const COLOURS = 3;

interface Stage {
  width: number;
  blocks: number;
}

/**
 * `latents` [1, latent channels, h, w], unscaled -> `image` [1, 3, h * pixels, w * pixels].
 * @throws TuskError `checkpoint-damaged` if the file doesn't belong to this VAE
 */
export function buildTinyDecoder(weights: Checkpoint, { latentChannels, pixels }: VaeSizes): BuiltGraph {
  const stages = stagesOf(weights);
  if (2 ** stages.length !== pixels)
    throw new TuskError(
      'checkpoint-damaged',
      `${TINY_DECODER_FILE} is of another VAE than the checkpoint's.`,
      {
        hint: 'Remove it, or copy the one that belongs to the checkpoint.',
      },
    );
  const graph = new GraphBuilder('tiny-decoder', weights);
  const latents = graph.input('latents', 'float32', [1, latentChannels, 'rows', 'columns']);
  let x = relu(graph, graph.convolution3(latents, 'conv_in', latentChannels, stages[0]!.width));
  for (const [level, { width, blocks }] of stages.entries()) {
    for (let i = 0; i < blocks; i++) x = residual(graph, x, `stages.${level}.${i}.`, width);
    const next = stages[level + 1]?.width;
    const up = graph.convolution3(x, `up.${level}`, width, 4 * (next ?? COLOURS));
    const doubled = graph.op('DepthToSpace', [up], { blocksize: 2, mode: 'CRD' });
    x = next === undefined ? doubled : relu(graph, doubled);
  }
  graph.output('image', x, 'float32', [1, COLOURS, 'height', 'width']);
  return graph.finish();
}

function residual(graph: GraphBuilder, x: Value, prefix: string, width: number): Value {
  const first = relu(graph, graph.convolution3(x, `${prefix}conv1`, width, width));
  return relu(graph, graph.add(x, graph.convolution3(first, `${prefix}conv2`, width, width)));
}

const relu = (graph: GraphBuilder, x: Value): Value => graph.op('Relu', [x]);

function stagesOf({ tensors }: Checkpoint): Stage[] {
  const all = [...tensors];
  const ups = all.filter(({ name }) => /^up\.\d+\.weight$/.test(name));
  return ups
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .map(({ shape }, level) => {
      const block = new RegExp(`^stages\\.${level}\\.\\d+\\.conv1\\.weight$`);
      return { width: shape[1]!, blocks: all.filter(({ name }) => block.test(name)).length };
    });
}
