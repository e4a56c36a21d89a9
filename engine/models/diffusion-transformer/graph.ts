/**
 * The diffusion transformer, cut where its inputs change at different times:
 *
 *   context-refiner    text and query rows -> refined                     once for a prompt
 *   reference-embedder patches of a reference picture -> rows             once for a picture
 *   modulation         all time steps -> the norms' weights, per block    once for a schedule
 *   reference-refiner  a reference's rows, one step's weights -> refined  once a step
 *   noise-refiner      patches of x_t, one step's weights -> refined      once a step, for all guidance branches
 *   joint              [context, references, noise] -> velocity patches   once a step and branch
 *
 * Refining noise and references once for all branches is exact: inside one picture all tokens have the same
 * first position, and attention sees position differences only.
 *
 * Unusual: neighbouring pairs rotate, over three axes; gates pass through tanh; norms stand on both sides of
 * attention and FFN. Only the noise rows of the last block are read, so only they are computed.
 */
import { type BuiltGraph, GraphBuilder, type Value, type WeightSource } from '../../onnx/graph.ts';
import { block, NORM_NAMES, NORMS, type Rotation } from './block.ts';
import { MOST_REFERENCES, type TransformerSizes } from './config.ts';

const PREFIX = 'gen_transformer.';
const TIME_FEATURES = 256;
const OUTPUT_EPSILON = 1e-6;

/** The stacks of modulated blocks; the modulation's outputs are named after them. */
export const MODULATED = ['noise_refiner', 'ref_image_refiner', 'layers'] as const;
export type Modulated = (typeof MODULATED)[number];

const depth = (sizes: TransformerSizes, stack: Modulated): number =>
  stack === 'layers' ? sizes.layers : sizes.refinerLayers;

const patchFeatures = ({ patch, channels }: TransformerSizes): number => patch * patch * channels;

/** `rows`, `cos`, `sin` -> `refined` [n, width]. */
export function buildContextRefiner(weights: WeightSource, sizes: TransformerSizes): BuiltGraph {
  const graph = new GraphBuilder('context-refiner', weights);
  let x = graph.input('rows', 'float32', ['rows', sizes.width]);
  const rotation = rotationInput(graph, sizes);
  for (let i = 0; i < sizes.refinerLayers; i++) {
    const prefix = `${PREFIX}context_refiner.${i}.`;
    const norms = NORM_NAMES.map((name) => graph.weight(`${prefix}${name}.weight`, [sizes.width]));
    x = block(graph, x, sizes, { prefix, norms, rotation });
  }
  graph.output('refined', x, 'float32', ['rows', sizes.width]);
  return graph.finish();
}

/** `patches` [m, patch * patch * channels], `index` (int64, 0..4) -> `rows` [m, width]. */
export function buildReferenceEmbedder(weights: WeightSource, sizes: TransformerSizes): BuiltGraph {
  const graph = new GraphBuilder('reference-embedder', weights);
  const patches = graph.input('patches', 'float32', ['rows', patchFeatures(sizes)]);
  const index = graph.input('index', 'int64', []);
  const name = `${PREFIX}ref_image_patch_embedder`;
  const rows = graph.linear(patches, name, patchFeatures(sizes), sizes.width, true);
  const marks = graph.weight(`${PREFIX}image_index_embedding`, [MOST_REFERENCES, sizes.width]);
  const marked = graph.add(rows, graph.op('Gather', [marks, index], { axis: 0 }));
  graph.output('rows', marked, 'float32', ['rows', sizes.width]);
  return graph.finish();
}

/**
 * `time` [steps, 256] (cosines, then sines) -> for each stack of MODULATED [steps, 4 * depth, width], the
 * weights of its blocks' norms; `output` [steps, width], the factor before the last projection; `embedding`
 * [steps, time width].
 */
export function buildModulation(weights: WeightSource, sizes: TransformerSizes): BuiltGraph {
  const { width, timeWidth } = sizes;
  const graph = new GraphBuilder('modulation', weights);
  const time = graph.input('time', 'float32', ['steps', TIME_FEATURES]);
  const prefix = `${PREFIX}time_caption_embed.timestep_embedder.`;
  const hidden = graph.silu(graph.linear(time, `${prefix}linear_1`, TIME_FEATURES, timeWidth, true));
  const embedding = graph.linear(hidden, `${prefix}linear_2`, timeWidth, timeWidth, true);
  graph.output('embedding', embedding, 'float32', ['steps', timeWidth]);
  const active = graph.silu(embedding);
  for (const stack of MODULATED.filter((name) => depth(sizes, name) > 0)) {
    const blocks = Array.from({ length: depth(sizes, stack) }, (_, i) =>
      normWeights(graph, active, `${PREFIX}${stack}.${i}.`, sizes),
    );
    graph.output(stack, graph.concat(blocks, 1), 'float32', ['steps', blocks.length * NORMS, width]);
  }
  const scale = graph.linear(active, `${PREFIX}norm_out.linear_1`, timeWidth, width, true);
  graph.output('output', graph.add(graph.scalar(1), scale), 'float32', ['steps', width]);
  return graph.finish();
}

/** One block's [steps, 4, width]: norm weights times 1 + scale, tanh(gate), 1 + scale, tanh(gate). */
function normWeights(graph: GraphBuilder, active: Value, prefix: string, sizes: TransformerSizes): Value {
  const { width, timeWidth } = sizes;
  const all = graph.linear(active, `${prefix}norm1.linear`, timeWidth, NORMS * width, true);
  const parts = graph.split(all, 1, [width, width, width, width]);
  const rows = NORM_NAMES.map((name, i) => {
    const weight = graph.weight(`${prefix}${i === 0 ? 'norm1.norm' : name}.weight`, [width]);
    const factor = i % 2 === 0 ? graph.add(graph.scalar(1), parts[i]!) : graph.op('Tanh', [parts[i]!]);
    return graph.reshape(graph.mul(weight, factor), [-1, 1, width]);
  });
  return graph.concat(rows, 1);
}

/** `rows`, `cos`, `sin`, `modulation` [4 * refiner layers, width] -> `refined` [m, width]. */
export function buildReferenceRefiner(weights: WeightSource, sizes: TransformerSizes): BuiltGraph {
  const graph = new GraphBuilder('reference-refiner', weights);
  const rows = graph.input('rows', 'float32', ['rows', sizes.width]);
  const refined = modulatedBlocks(graph, rows, 'ref_image_refiner', sizes, rotationInput(graph, sizes));
  graph.output('refined', refined, 'float32', ['rows', sizes.width]);
  return graph.finish();
}

/** `patches` [n, patch * patch * channels], `cos`, `sin`, `modulation` -> `refined` [n, width]. */
export function buildNoiseRefiner(weights: WeightSource, sizes: TransformerSizes): BuiltGraph {
  const graph = new GraphBuilder('noise-refiner', weights);
  const patches = graph.input('patches', 'float32', ['rows', patchFeatures(sizes)]);
  const rows = graph.linear(patches, `${PREFIX}x_embedder`, patchFeatures(sizes), sizes.width, true);
  const refined = modulatedBlocks(graph, rows, 'noise_refiner', sizes, rotationInput(graph, sizes));
  graph.output('refined', refined, 'float32', ['rows', sizes.width]);
  return graph.finish();
}

/**
 * `before` [b, width] (context and references), `noise` [n, width], `cos`, `sin` [b + n, head / 2],
 * `modulation` [4 * layers, width], `output` [width] -> `velocity` [n, patch * patch * channels].
 */
export function buildJoint(weights: WeightSource, sizes: TransformerSizes): BuiltGraph {
  const { width } = sizes;
  const graph = new GraphBuilder('diffusion-transformer', weights);
  const before = graph.input('before', 'float32', ['before', width]);
  const noise = graph.input('noise', 'float32', ['noise', width]);
  const factor = graph.input('output', 'float32', [width]);
  const rotation = rotationInput(graph, sizes);
  const noiseFrom = graph.op('Shape', [before], { start: 0, end: 1 });
  const all = graph.concat([before, noise], 0);
  const rows = sizes.layers === 0 ? noise : modulatedBlocks(graph, all, 'layers', sizes, rotation, noiseFrom);
  const normed = outputNorm(graph, rows, factor);
  const velocity = graph.linear(normed, `${PREFIX}norm_out.linear_2`, width, patchFeatures(sizes), true);
  graph.output('velocity', velocity, 'float32', ['noise', patchFeatures(sizes)]);
  return graph.finish();
}

/** Layer norm without weights of its own, times the step's factor. */
function outputNorm(graph: GraphBuilder, x: Value, factor: Value): Value {
  return graph.op('LayerNormalization', [x, factor], { axis: -1, epsilon: { float: OUTPUT_EPSILON } });
}

function modulatedBlocks(
  graph: GraphBuilder,
  rows: Value,
  stack: Modulated,
  sizes: TransformerSizes,
  rotation: Rotation,
  lastFrom?: Value,
): Value {
  const count = depth(sizes, stack);
  if (count === 0) return rows;
  const table = graph.input('modulation', 'float32', [count * NORMS, sizes.width]);
  let x = rows;
  for (let i = 0; i < count; i++) {
    const norms = NORM_NAMES.map((_, j) =>
      graph.op('Gather', [table, graph.ints([i * NORMS + j], [])], { axis: 0 }),
    );
    const prefix = `${PREFIX}${stack}.${i}.`;
    const from = i === count - 1 ? lastFrom : undefined;
    x = block(graph, x, sizes, { prefix, norms, rotation, ...(from && { from }) });
  }
  return x;
}

function rotationInput(graph: GraphBuilder, sizes: TransformerSizes): Rotation {
  const input = (name: string) => graph.input(name, 'float32', ['positions', sizes.head / 2]);
  return { cos: input('cos'), sin: input('sin') };
}
