/**
 * What is done to one layer's keys or values [rows, keyValueHeads, capacity, headDim] where they lie in a device's
 * memory. Each graph has one output, `made`.
 */
import { type BuiltGraph, GraphBuilder, type Value, type WeightSource } from '../../onnx/graph.ts';

const SHAPE = ['rows', 'heads', 'capacity', 'head'] as const;
const NO_WEIGHTS: WeightSource = {
  folder: '.',
  has: () => false,
  locate: (name) => {
    throw new Error(`These graphs have no weights, not even ${name}.`);
  },
};

export interface CacheGraphs {
  /** `shape` [4] -> zeros */
  zeros: BuiltGraph;
  /** `cache`, `wanted` [n] -> those rows */
  take: BuiltGraph;
  /** `cache`, `row` [1, 1], `taken` [1, heads, capacity, head] -> the cache with that row */
  put: BuiltGraph;
  /** `cache`, `further` -> both, one behind the other along the capacity */
  grow: BuiltGraph;
}

export const buildCacheGraphs = (): CacheGraphs => ({
  zeros: build('zeros', (graph) => graph.op('Expand', [graph.scalar(0), graph.input('shape', 'int64', [4])])),
  take: build('take', (graph) => {
    return graph.op('Gather', [cacheOf(graph), graph.input('wanted', 'int64', ['wanted'])], { axis: 0 });
  }),
  put: build('put', (graph) => {
    const taken = graph.input('taken', 'float32', [1, ...SHAPE.slice(1)]);
    return graph.op('ScatterND', [cacheOf(graph), graph.input('row', 'int64', [1, 1]), taken]);
  }),
  grow: build('grow', (graph) => {
    return graph.concat(
      [cacheOf(graph), graph.input('further', 'float32', [...SHAPE.slice(0, 2), 'further', 'head'])],
      2,
    );
  }),
});

const cacheOf = (graph: GraphBuilder): Value => graph.input('cache', 'float32', SHAPE);

function build(name: string, make: (graph: GraphBuilder) => Value): BuiltGraph {
  const graph = new GraphBuilder(`cache-${name}`, NO_WEIGHTS);
  graph.output('made', make(graph), 'float32', ['made_rows', 'heads', 'made_capacity', 'head']);
  return graph.finish();
}
