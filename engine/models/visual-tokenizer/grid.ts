/** Positions on a token grid, computed inside the graph so that any grid runs in the same session. */
import type { GraphBuilder, Value } from '../../onnx/graph.ts';

/** Rows and columns of the token grid, int64 [1] each. */
export interface GridSize {
  height: Value;
  width: Value;
}

/** The last two axes of a tensor of `rank` axes. */
export function gridOf(g: GraphBuilder, x: Value, rank: number): GridSize {
  const shape = g.op('Shape', [x]);
  return { height: g.slice(shape, 0, rank - 2, rank - 1), width: g.slice(shape, 0, rank - 1, rank) };
}

/** 10000^(-i / count) as float32 computes it. */
export function frequencies(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => 1 / Math.fround(10_000 ** Math.fround(i / count)));
}

/** Angles of every cell, row by row, each [height * width, count]. */
export function gridAngles(g: GraphBuilder, grid: GridSize, count: number): { row: Value; column: Value } {
  const perFrequency = g.floats(frequencies(count), [count]);
  const shape = g.concat([grid.height, grid.width, g.ints([count])], 0);
  const spread = (axis: Value, axisShape: readonly number[]) => {
    const angles = g.mul(g.reshape(indices(g, axis), axisShape), perFrequency);
    return g.reshape(g.op('Expand', [angles, shape]), [-1, count]);
  };
  return { row: spread(grid.height, [-1, 1, 1]), column: spread(grid.width, [1, -1, 1]) };
}

/** 0, 1, ... length - 1 as floats. */
function indices(g: GraphBuilder, length: Value): Value {
  const scalar = g.op('Squeeze', [length, g.ints([0])]);
  return toFloat(g, g.op('Range', [g.ints([0], []), scalar, g.ints([1], [])]));
}

export const toFloat = (g: GraphBuilder, x: Value): Value => g.op('Cast', [x], { to: 1 });

/** [1, channels, height, width] -> rows [height * width, channels] */
export const toRows = (g: GraphBuilder, x: Value, channels: number): Value =>
  g.transpose(g.reshape(x, [channels, -1]), [1, 0]);

/** rows [height * width, channels] -> [1, channels, height, width] */
export function toSpatial(g: GraphBuilder, rows: Value, channels: number, grid: GridSize): Value {
  const shape = g.concat([g.ints([1, channels]), grid.height, grid.width], 0);
  return g.op('Reshape', [g.transpose(rows, [1, 0]), shape]);
}

/** Rows scaled to length 1. */
export function l2Normalise(g: GraphBuilder, rows: Value): Value {
  const length = g.op('ReduceL2', [rows, g.ints([-1])], { keepdims: 1 });
  return g.div(rows, g.op('Max', [length, g.scalar(1e-12)]));
}
