/** Latents [1, channels, rows, columns] cut into square patches, and put together again. */
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';

/** -> [patches, edge * edge * channels]: patches row by row, each (row, column, channel). Sizes must divide. */
export function toPatches(latents: FloatTensor, edge: number): FloatTensor {
  const [channels, rows, columns] = latents.shape.slice(1) as [number, number, number];
  const patches = new Float32Array(latents.data.length);
  const slots = slotsOf(channels, rows, columns, edge);
  for (let pixel = 0; pixel < slots.length; pixel++) patches[slots[pixel]!] = latents.data[pixel]!;
  return floatTensor(patches, [(rows * columns) / edge ** 2, channels * edge ** 2]);
}

/** The inverse of `toPatches`. @param shape of the latents */
export function fromPatches(patches: FloatTensor, shape: readonly number[], edge: number): FloatTensor {
  const [channels, rows, columns] = shape.slice(1) as [number, number, number];
  const latents = new Float32Array(patches.data.length);
  const slots = slotsOf(channels, rows, columns, edge);
  for (let pixel = 0; pixel < slots.length; pixel++) latents[pixel] = patches.data[slots[pixel]!]!;
  return floatTensor(latents, shape);
}

let last: { key: string; slots: Int32Array } = { key: '', slots: new Int32Array() };

/** Place of each latent value among the patches. The last size's are kept: every step asks for them twice. */
function slotsOf(channels: number, rows: number, columns: number, edge: number): Int32Array {
  const key = `${channels} ${rows} ${columns} ${edge}`;
  if (last.key !== key) last = { key, slots: makeSlots(channels, rows, columns, edge) };
  return last.slots;
}

function makeSlots(channels: number, rows: number, columns: number, edge: number): Int32Array {
  const across = columns / edge;
  return Int32Array.from({ length: channels * rows * columns }, (_, pixel) => {
    const x = pixel % columns;
    const y = Math.floor(pixel / columns) % rows;
    const channel = Math.floor(pixel / (columns * rows));
    const patch = Math.floor(y / edge) * across + Math.floor(x / edge);
    const within = (y % edge) * edge + (x % edge);
    return (patch * edge * edge + within) * channels + channel;
  });
}
