/**
 * Linear layers rounded to 8 bits when the network is loaded: onnxruntime computes what stands here once, from the
 * checkpoint's own weights, and keeps the result. For small checkpoints; large ones bring whole numbers along
 * (quantised-linear.ts).
 *
 * The rows that come in are rounded together, by the largest value among them. So what comes out for a row depends
 * on the rows beside it: the same rows always give the same, others beside them slightly other numbers.
 */
import type { GraphBuilder, Value } from './graph.ts';
import { ELEMENT_TYPE } from './protobuf.ts';
import { rowScale } from './quantised-linear.ts';

export function roundedLinear(
  graph: GraphBuilder,
  x: Value,
  weight: string,
  inWidth: number,
  outWidth: number,
): Value {
  const weights = graph.weight(weight, [outWidth, inWidth]);
  const scale = rowScale(graph, weights);
  const levels = graph.op('Round', [graph.div(weights, scale)]);
  const numbers = graph.transpose(graph.op('Cast', [levels], { to: ELEMENT_TYPE.int8 }), [1, 0]);
  const inputs = [x, numbers, graph.reshape(scale, [outWidth])];
  return graph.op('DynamicQuantizeMatMul', inputs, {}, 'com.microsoft');
}
