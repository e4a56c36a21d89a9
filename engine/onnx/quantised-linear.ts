/**
 * Linear layers whose weights lie in a compiled checkpoint as small whole numbers, beside a float32 scale:
 *
 *   int4   `X.weight.int4` [out, blocks, 64], two numbers a byte, the lower half first; `.int4_scale` [out * blocks].
 *          A weight is (number - 8) * scale of its block of 128 inputs; the last block is filled up with zeros.
 *   int8   `X.weight.int8` [in, out] and `.int8_scale` [out]; the rows that come in are rounded to 8 bits, too, each
 *          by its own largest value.
 */
import type { GraphBuilder, Value } from './graph.ts';
import { ELEMENT_TYPE } from './protobuf.ts';

export const INT4_BLOCK = 128;
const LEVELS = 127;
const ZERO_POINT = 128;
/** Rows of zeros are divided by this in place of 0. */
const LEAST_SCALE = 1e-12;

export function int4Linear(
  graph: GraphBuilder,
  x: Value,
  weight: string,
  inWidth: number,
  outWidth: number,
): Value {
  const blocks = Math.ceil(inWidth / INT4_BLOCK);
  const numbers = graph.quantisedWeight(`${weight}.int4`, [outWidth, blocks, INT4_BLOCK / 2]);
  const scales = graph.weight(`${weight}.int4_scale`, [outWidth * blocks]);
  const attributes = { K: inWidth, N: outWidth, bits: 4, block_size: INT4_BLOCK, accuracy_level: 4 };
  return graph.op('MatMulNBits', [x, numbers, scales], attributes, 'com.microsoft');
}

export function int8Linear(
  graph: GraphBuilder,
  x: Value,
  weight: string,
  inWidth: number,
  outWidth: number,
): Value {
  const scale = rowScale(graph, x);
  const levels = graph.add(graph.op('Round', [graph.div(x, scale)]), graph.scalar(ZERO_POINT));
  const rounded = graph.op('Cast', [levels], { to: ELEMENT_TYPE.uint8 });
  const zero = graph.op('Cast', [graph.scalar(ZERO_POINT)], { to: ELEMENT_TYPE.uint8 });
  const numbers = graph.quantisedWeight(`${weight}.int8`, [inWidth, outWidth]);
  const product = graph.op('MatMulInteger', [rounded, numbers, zero]);
  const sums = graph.op('Cast', [product], { to: ELEMENT_TYPE.float32 });
  return graph.mul(graph.mul(sums, scale), graph.weight(`${weight}.int8_scale`, [outWidth]));
}

/** What each row of a matrix is divided by so that its largest value is 127: [rows, 1]. */
export function rowScale(graph: GraphBuilder, matrix: Value): Value {
  const largest = graph.op('ReduceMax', [graph.op('Abs', [matrix]), graph.ints([1])], { keepdims: 1 });
  return graph.op('Max', [graph.mul(largest, graph.scalar(1 / LEVELS)), graph.scalar(LEAST_SCALE)]);
}
