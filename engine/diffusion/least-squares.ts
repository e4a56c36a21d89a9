/** Linear least squares by the normal equations, in float64. */

/** Keeps the system solvable where an input never varies. */
const RIDGE = 1e-6;

/**
 * The map with the least sum of squared errors.
 * @param inputs [samples, n]
 * @param outputs [samples, m]
 * @returns [n, m], row by row
 */
export function leastSquares(
  inputs: readonly (readonly number[])[],
  outputs: readonly (readonly number[])[],
): Float64Array {
  const [n, m] = [inputs[0]!.length, outputs[0]!.length];
  const rows = Array.from({ length: n }, (_, i) =>
    new Float64Array(n + m).fill(0).map((_zero, j) => (i === j ? RIDGE * inputs.length : 0)),
  );
  for (const [sample, input] of inputs.entries()) {
    const all = [...input, ...outputs[sample]!];
    for (let i = 0; i < n; i++) for (let j = 0; j < n + m; j++) rows[i]![j]! += input[i]! * all[j]!;
  }
  eliminate(rows);
  return Float64Array.from({ length: n * m }, (_, i) => rows[Math.floor(i / m)]![n + (i % m)]!);
}

/** Gauss-Jordan on [A | B], A symmetric and positive definite, so that no pivoting is needed; leaves [1 | A^-1 B]. */
function eliminate(rows: Float64Array[]): void {
  for (const [i, row] of rows.entries()) {
    const pivot = row[i]!;
    for (let j = i; j < row.length; j++) row[j]! /= pivot;
    for (const [k, other] of rows.entries()) {
      const factor = other[i]!;
      if (k === i || factor === 0) continue;
      for (let j = i; j < row.length; j++) other[j]! -= factor * row[j]!;
    }
  }
}
