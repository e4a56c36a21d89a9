/** Pictures through the vision encoder, one at a time: attention stays inside a picture, so no mask is needed. */
import { floatOutput, type Session } from '../runtime/session.ts';
import { type FloatTensor, floatTensor, intTensor, type Tensor } from '../runtime/tensor.ts';
import { joinRows } from './decoder-outputs.ts';
import { type Grid, inverseFrequencies } from './positions.ts';

const ROTARY_THETA = 10_000;

export interface VisionShape {
  headDim: number;
  mergeSize: number;
  /** Position embeddings form a square of this side. */
  positionSide: number;
  /** Deepstack features of one picture. */
  deepstackCount: number;
}

/** Pictures as the decoder takes them, in the order of their places in the prompt. */
export interface PictureFeatures {
  grids: readonly Grid[];
  /** [merged patches of all pictures, width] */
  embeds: FloatTensor;
  /** Feature i, shaped like `embeds`, is added after layer i. */
  deepstack: readonly FloatTensor[];
}

/** Each frame of each grid on its own, then joined in order. */
export async function encodePictures(
  session: Session,
  shape: VisionShape,
  pixelValues: FloatTensor,
  grids: readonly Grid[],
): Promise<PictureFeatures> {
  const names = ['embeds', ...Array.from({ length: shape.deepstackCount }, (_, i) => `deepstack.${i}`)];
  const parts: FloatTensor[][] = [];
  const values = pixelValues.shape[1]!;
  let begin = 0;
  for (const [frames, rows, columns] of grids) {
    for (let frame = 0; frame < frames; frame++) {
      const end = begin + rows * columns * values;
      const pixels = floatTensor(pixelValues.data.subarray(begin, end), [rows * columns, values]);
      const outputs = await session.run({ pixel_values: pixels, ...geometry(shape, rows, columns) }, names);
      parts.push(names.map((name) => floatOutput(outputs, name)));
      begin = end;
    }
  }
  const [embeds, ...deepstack] = names.map((_, i) => joinRows(parts.map((part) => part[i]!)));
  return { grids, embeds: embeds!, deepstack };
}

/** Inputs that follow from a picture's size alone. */
function geometry(shape: VisionShape, rows: number, columns: number): Record<string, Tensor> {
  const places = patchOrder(rows, columns, shape.mergeSize);
  return {
    patch_index: intTensor(Array.from(places.keys()), [1, places.length]),
    ...rotation(shape.headDim, places),
    ...positionCorners(shape.positionSide, rows, columns, places),
  };
}

/** [row, column] of each patch: merged blocks row by row, inside a block row by row. */
function patchOrder(rows: number, columns: number, mergeSize: number): [row: number, column: number][] {
  const places: [number, number][] = [];
  for (let blockRow = 0; blockRow < rows; blockRow += mergeSize)
    for (let blockColumn = 0; blockColumn < columns; blockColumn += mergeSize)
      for (let i = 0; i < mergeSize * mergeSize; i++)
        places.push([blockRow + Math.floor(i / mergeSize), blockColumn + (i % mergeSize)]);
  return places;
}

/** Half of a head's angles follow the row, half the column. cos, sin [patches, headDim / 2] */
function rotation(headDim: number, places: readonly [number, number][]) {
  const frequencies = inverseFrequencies(headDim / 2, ROTARY_THETA);
  const angles = places.flatMap((place) =>
    place.flatMap((at) => Array.from(frequencies, (f) => Math.fround(f * at))),
  );
  const size = [places.length, headDim / 2];
  return { cos: floatTensor(angles.map(Math.cos), size), sin: floatTensor(angles.map(Math.sin), size) };
}

/** The four table entries around each patch and their bilinear weights; the table spans the whole picture. */
function positionCorners(side: number, rows: number, columns: number, places: readonly [number, number][]) {
  const [rowSteps, columnSteps] = [spread(side, rows), spread(side, columns)];
  const count = places.length;
  const indexes = new Int32Array(4 * count);
  const weights = new Float32Array(4 * count);
  for (const [i, [row, column]] of places.entries()) {
    const [y, x] = [rowSteps[row]!, columnSteps[column]!];
    y.forEach(([tableRow, rowWeight], a) => {
      x.forEach(([tableColumn, columnWeight], b) => {
        indexes[(2 * a + b) * count + i] = tableRow * side + tableColumn;
        weights[(2 * a + b) * count + i] = rowWeight * columnWeight;
      });
    });
  }
  const index: Tensor = { type: 'int32', shape: [4, count], data: indexes };
  return { position_indexes: index, position_weights: floatTensor(weights, [4, count, 1]) };
}

type Neighbours = readonly (readonly [entry: number, weight: number])[];

/** `count` points spread evenly over 0..side-1, each as its lower and upper neighbour, in float32. */
function spread(side: number, count: number): Neighbours[] {
  const end = side - 1;
  const step = count > 1 ? Math.fround(end / (count - 1)) : 0;
  return Array.from({ length: count }, (_, i) => {
    const fromStart = i < Math.floor(count / 2) || count === 1;
    const at = Math.fround(fromStart ? step * i : end - step * (count - 1 - i));
    const lower = Math.floor(at);
    const fraction = Math.fround(at - lower);
    return [
      [lower, Math.fround(1 - fraction)],
      [Math.min(lower + 1, end), fraction],
    ];
  });
}
