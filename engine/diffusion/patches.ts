/** Latents [1, channels, rows, columns] cut into square patches, and put together again. */
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';

/** -> [patches, edge * edge * channels]: patches row by row, each (row, column, channel). Sizes must divide. */
export function toPatches(latents: FloatTensor, edge: number): FloatTensor {
  const [channels, rows, columns] = latents.shape.slice(1) as [number, number, number];
  const patches = new Float32Array(latents.data.length);
  forEachPixel(channels, rows, columns, edge, (pixel, slot) => {
    patches[slot] = latents.data[pixel]!;
  });
  return floatTensor(patches, [(rows * columns) / edge ** 2, channels * edge ** 2]);
}

/** The inverse of `toPatches`. @param shape of the latents */
export function fromPatches(patches: FloatTensor, shape: readonly number[], edge: number): FloatTensor {
  const [channels, rows, columns] = shape.slice(1) as [number, number, number];
  const latents = new Float32Array(patches.data.length);
  forEachPixel(channels, rows, columns, edge, (pixel, slot) => {
    latents[pixel] = patches.data[slot]!;
  });
  return floatTensor(latents, shape);
}

function forEachPixel(
  channels: number,
  rows: number,
  columns: number,
  edge: number,
  visit: (pixel: number, slot: number) => void,
): void {
  const across = columns / edge;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const patch = Math.floor(y / edge) * across + Math.floor(x / edge);
        const within = (y % edge) * edge + (x % edge);
        visit((c * rows + y) * columns + x, (patch * edge * edge + within) * channels + c);
      }
    }
  }
}
