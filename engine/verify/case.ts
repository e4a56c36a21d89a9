/**
 * A parity case: inputs and expected outputs computed by the official PyTorch code, laid out as FORMAT.md says
 * (`<variant>/cases/<stage>/<case>.json` + `.safetensors`, `<variant>/checkpoint`, `<variant>/pictures`).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readSafetensorsHeader, type TensorEntry } from '../checkpoint/safetensors.ts';
import { readTensor } from '../checkpoint/tensor-values.ts';
import type { ChosenDevice } from '../devices/devices.ts';
import { TuskError } from '../errors.ts';
import type { Tensor, TensorData, TensorType } from '../runtime/tensor.ts';

const caseSchema = z.object({
  format: z.literal(1),
  stage: z.string(),
  name: z.string(),
  description: z.string().optional(),
  params: z.record(z.string(), z.unknown()).default({}),
  result: z.record(z.string(), z.unknown()).default({}),
});

const TENSOR_TYPES: Partial<Record<TensorEntry['dtype'], TensorType>> = {
  F32: 'float32',
  I32: 'int32',
  U8: 'uint8',
};

export class ParityCase {
  private constructor(
    /** The variant's folder: `checkpoint`, `pictures` and `cases` lie in it. */
    readonly variant: string,
    readonly stage: string,
    readonly name: string,
    readonly params: Record<string, unknown>,
    readonly result: Record<string, unknown>,
    private readonly entries: ReadonlyMap<string, TensorEntry>,
  ) {}

  static async read(variant: string, stage: string, name: string): Promise<ParityCase> {
    const stem = join(variant, 'cases', stage, name);
    const parsed = caseSchema.safeParse(JSON.parse(await readFile(`${stem}.json`, 'utf8')));
    if (!parsed.success) throw new TuskError('bad-request', `${stem}.json isn't a parity case of format 1.`);
    const entries = await readSafetensorsHeader(`${stem}.safetensors`).catch((error: unknown) => {
      if (error instanceof TuskError && error.code === 'checkpoint-missing') return [];
      throw error;
    });
    const { params, result } = parsed.data;
    return new ParityCase(variant, stage, name, params, result, new Map(entries.map((e) => [e.name, e])));
  }

  get tensorNames(): string[] {
    return [...this.entries.keys()];
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** @throws TuskError `bad-request` if the case has no such tensor. */
  async tensor(name: string): Promise<Tensor> {
    const entry = this.entries.get(name);
    const type = entry && TENSOR_TYPES[entry.dtype];
    if (!type)
      throw new TuskError('bad-request', `The case ${this.stage}/${this.name} has no tensor "${name}".`);
    return { type, shape: entry.shape, data: (await readTensor(entry)) as TensorData };
  }

  async floats(name: string): Promise<Tensor<Float32Array>> {
    return (await this.tensor(name)) as Tensor<Float32Array>;
  }

  /** Integers (ids, masks, grids) as plain numbers. */
  async numbers(name: string): Promise<number[]> {
    return Array.from((await this.tensor(name)).data, Number);
  }

  picturePath(name: string): string {
    return join(this.variant, 'pictures', `${name}.png`);
  }
}

/** What a stage computed for a case, under the case's own names (`out.*` at least, `mid.*` where cheap). */
export interface StageOutputs {
  tensors: Record<string, Tensor>;
  /** Entries of the case's `result`, recomputed. */
  result?: Record<string, unknown>;
}

/** Runs one case through the code the verbs use. @param device absent: the processor */
export type StageRunner = (parityCase: ParityCase, device?: ChosenDevice) => Promise<StageOutputs>;
