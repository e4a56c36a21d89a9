/** What the stages around the language model share: a variant's model, and small shapes of tensors. */
import { join } from 'node:path';
import type { ChosenDevice } from '../devices/devices.ts';
import { readPicture } from '../image/decode.ts';
import { Model, type NetworkName, type Networks } from '../load.ts';
import { type MemoryPlan, onGpu } from '../memory/plan.ts';
import { PARTS } from '../placing.ts';
import { type PictureByName, PromptReader } from '../reading.ts';
import { type FloatTensor, floatTensor, type Tensor } from '../runtime/tensor.ts';
import type { ParityCase } from './case.ts';

/** A variant's model, its networks on the device that is checked as far as that may have them. */
export class CheckedModel {
  constructor(
    readonly model: Model,
    readonly device: ChosenDevice | undefined,
  ) {}

  get files(): Model['files'] {
    return this.model.files;
  }

  networks<N extends NetworkName>(names: readonly N[]): Promise<Pick<Networks, N>> {
    return this.model.networks(names, { plan: everythingOn(this.device), device: this.device?.device });
  }
}

/** All that the device may have. */
export const everythingOn = (device: ChosenDevice | undefined): MemoryPlan =>
  onGpu(device ? PARTS : [], device?.room.barred);

/** Opens the model of a case's variant, runs `use` and frees it. */
export async function withModel<T>(
  { variant }: ParityCase,
  device: ChosenDevice | undefined,
  use: (model: CheckedModel) => Promise<T>,
): Promise<T> {
  const model = await Model.open(join(variant, 'checkpoint'));
  try {
    return await use(new CheckedModel(model, device));
  } finally {
    await model.dispose();
  }
}

export async function readerOf(model: CheckedModel): Promise<PromptReader> {
  const { languageModel } = await model.networks(['languageModel']);
  const { prompts, processor } = model.files;
  const visualTokenizer = async () => (await model.networks(['visualTokenizer'])).visualTokenizer;
  return new PromptReader({ prompts, processor, languageModel, visualTokenizer });
}

/** The pictures of a case, by file name without its ending. */
export const picturesOf =
  (parityCase: ParityCase): PictureByName =>
  (name) =>
    readPicture(parityCase.picturePath(name));

export function int32Tensor(data: ArrayLike<number>, shape: readonly number[] = [data.length]): Tensor {
  return { type: 'int32', shape, data: Int32Array.from(data) };
}

/** Rows of equal length, one below the other. */
export function stackRows(rows: readonly Float32Array[]): FloatTensor {
  const width = rows[0]?.length ?? 0;
  const data = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) data.set(row, i * width);
  return floatTensor(data, [rows.length, width]);
}

/** By how much the highest score leads the next. */
export function topGap(scores: Float32Array): number {
  const [best, second] = scores.slice().sort().reverse();
  return best! - second!;
}

/** The end-of-line steps of a plan choose nothing, so that no lead is measured there. */
export const isForcedStep = (step: number, columns: number): boolean => step % (columns + 1) === columns;
