/** One picture ready to be denoised: the contexts of its branches, its references, its angles. */
import { TuskError, throwIfCancelled } from '../errors.ts';
import { floatOutput } from '../runtime/session.ts';
import type { FloatTensor } from '../runtime/tensor.ts';
import { type DenoiseOptions, type DenoisingStep, denoise } from './denoise.ts';
import type { Branch } from './guidance.ts';
import type { Condition, Context, DiffusionModel, LatentSize } from './model.ts';
import { fromPatches, toPatches } from './patches.ts';
import { positionsOf, type RotationTable, rotationTable, type TokenGrid } from './rotation.ts';
import { joinRows, sliceOf } from './rows.ts';

interface Pictures {
  size: LatentSize;
  grid: TokenGrid;
  referenceGrids: readonly TokenGrid[];
  /** Embedded references [tokens, width]. */
  embedded: readonly FloatTensor[];
}

/** What all branches of a step share. */
export interface StepInputs {
  /** Refined noise rows [tokens, width]. */
  noise: FloatTensor;
  /** Refined references [tokens, width]. */
  references: readonly FloatTensor[];
  /** The step's norm weights of the joint blocks, and the factor before the output. */
  modulation: { layers: FloatTensor | undefined; output: FloatTensor };
}

export class PreparedDiffusion {
  private readonly contexts = new Map<Branch, Promise<Context>>();
  private readonly noiseRotation: RotationTable;
  private readonly referenceRotations: readonly RotationTable[];

  constructor(
    private readonly model: DiffusionModel,
    private readonly condition: Condition,
    private readonly pictures: Pictures,
  ) {
    const alone = (grid: TokenGrid) => rotationTable(positionsOf(0, [grid]), model.sizes);
    this.noiseRotation = alone(pictures.grid);
    this.referenceRotations = pictures.referenceGrids.map(alone);
  }

  get hasReferences(): boolean {
    return this.pictures.embedded.length > 0;
  }

  /** [1, channels, rows, columns] of the noise and of every state. */
  get shape(): readonly number[] {
    const { rows, columns } = this.pictures.size;
    return [1, this.model.sizes.channels, rows, columns];
  }

  /** Runs the schedule; yields after every step. @throws `CancelledError`; TuskError `non-finite` naming the step. */
  denoise(options: DenoiseOptions): AsyncGenerator<DenoisingStep> {
    return denoise(this, options);
  }

  /** See `DiffusionModel.modulate`. */
  modulate = (times: Float32Array): Promise<Record<string, FloatTensor>> => this.model.modulate(times);

  /** Refines noise and references for one step, once for all its branches. */
  async beginStep(
    latents: FloatTensor,
    modulation: Record<string, FloatTensor>,
    step: number,
    signal?: AbortSignal,
  ): Promise<StepInputs> {
    const { noiseRefiner, referenceRefiner } = this.model.sessions;
    const of = (name: string) => modulation[name] && sliceOf(modulation[name], step);
    const patches = toPatches(latents, this.model.sizes.patch);
    const noise = await noiseRefiner.run({ patches, ...this.noiseRotation, ...fed(of('noise_refiner')) });
    const references = [];
    for (const [i, rows] of this.pictures.embedded.entries()) {
      throwIfCancelled(signal);
      const rotation = this.referenceRotations[i]!;
      const feeds = { rows, ...rotation, ...fed(of('ref_image_refiner')) };
      references.push(floatOutput(await referenceRefiner.run(feeds), 'refined'));
    }
    return {
      noise: floatOutput(noise, 'refined'),
      references,
      modulation: { layers: of('layers'), output: of('output')! },
    };
  }

  /** One branch's velocity, shaped like the latents. */
  async velocity(branch: Branch, step: StepInputs): Promise<FloatTensor> {
    const { rows, rotation } = await this.context(branch);
    const references = branch === 'unconditional' ? [] : step.references;
    const { layers, output } = step.modulation;
    const outputs = await this.model.sessions.joint.run({
      before: joinRows([rows, ...references], this.model.sizes.width),
      noise: step.noise,
      ...rotation,
      ...fed(layers),
      output,
    });
    return fromPatches(floatOutput(outputs, 'velocity'), this.shape, this.model.sizes.patch);
  }

  /** Computed when a step first asks for it: a run without guidance has one branch. */
  private context(branch: Branch): Promise<Context> {
    const known = this.contexts.get(branch);
    if (known) return known;
    const made = this.makeContext(branch);
    this.contexts.set(branch, made);
    return made;
  }

  private makeContext(branch: Branch): Promise<Context> {
    const { grid, referenceGrids } = this.pictures;
    const pictures = branch === 'unconditional' ? [grid] : [...referenceGrids, grid];
    const { text, image, negative } = this.condition;
    if (branch === 'conditional') return this.model.context(text, image, pictures);
    if (!negative) throw new TuskError('internal', 'Guidance needs the states of a negative prompt.');
    return this.model.context(negative, undefined, pictures);
  }
}

/** Stacks without blocks have no such input. */
function fed(modulation: FloatTensor | undefined): Record<string, FloatTensor> {
  return modulation ? { modulation } : {};
}
