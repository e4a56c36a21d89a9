/** The steps along the guided velocity, from noise at time 0 to latents at time 1. */
import type { Solver } from '../choices.ts';
import { throwIfCancelled } from '../errors.ts';
import { assertFinite, type FloatTensor } from '../runtime/tensor.ts';
import { branchesOf, guidanceOfSteps, guide, type StepGuidance } from './guidance.ts';
import type { PreparedDiffusion } from './prepared.ts';
import { stepLengths, timesteps } from './schedule.ts';
import { advance, effectiveVelocity } from './solver.ts';

export interface DenoiseOptions {
  /** [1, channels, rows, columns]: normal numbers, or the state after `done` steps. */
  noise: FloatTensor;
  /** Steps that were done before. Default 0. */
  done?: number;
  /** Velocity of the last of those, which the second-order solver goes on from. */
  previous?: FloatTensor;
  /** Default `euler`, the reference's. */
  solver?: Solver;
  /** At least 1. */
  steps: number;
  /** Weight of the prompt; 1 = off, which needs one network run a step instead of two or three. */
  textGuidance: number;
  /** Weight of the reference pictures; 1 = off. Counts only with references and text guidance. */
  imageGuidance: number;
  /** Share of the steps that are guided; see `guidanceOfSteps`. Default [0, 1]. */
  guidanceRange?: readonly [number, number];
  /** Looked at before every network run. */
  signal?: AbortSignal;
}

export interface DenoisingStep {
  /** 1 to `steps`. */
  step: number;
  steps: number;
  /** State after the step; after the last one the finished latents. */
  latents: FloatTensor;
  /** What the finished latents would be if the velocity stayed as it is: for previews. */
  estimate: FloatTensor;
  /** The guided one at the step's start. */
  velocity: FloatTensor;
  /** Runs of the transformer this step took: 1, 2 or 3. */
  forwards: number;
}

export async function* denoise(
  picture: PreparedDiffusion,
  options: DenoiseOptions,
): AsyncGenerator<DenoisingStep> {
  const { steps, signal, done = 0, solver = 'euler' } = options;
  const [, , rows, columns] = picture.shape as [number, number, number, number];
  const times = timesteps(steps, rows, columns);
  const lengths = stepLengths(times);
  throwIfCancelled(signal);
  const modulation = await picture.modulate(times);
  let latents = options.noise;
  let previous = options.previous;
  for (const [i, scales] of stepGuidance(picture, options).entries()) {
    if (i < done) continue;
    throwIfCancelled(signal);
    const inputs = await picture.beginStep(latents, modulation, i, signal);
    const velocities = await branchVelocities(picture, inputs, scales, signal);
    const velocity = guide(velocities, scales);
    const estimate = advance(latents, velocity, 1 - times[i]!);
    const ratio = lengths[i]! / (lengths[i - 1] ?? lengths[i]!);
    latents = advance(latents, effectiveVelocity(solver, velocity, previous, ratio), lengths[i]!);
    previous = velocity;
    assertFinite(latents.data, `Denoising step ${i + 1} of ${steps}`);
    yield { step: i + 1, steps, latents, estimate, velocity, forwards: velocities.length };
  }
}

function stepGuidance(picture: PreparedDiffusion, options: DenoiseOptions): StepGuidance[] {
  return guidanceOfSteps(options.steps, {
    text: options.textGuidance,
    image: picture.hasReferences ? options.imageGuidance : 1,
    range: options.guidanceRange ?? [0, 1],
  });
}

async function branchVelocities(
  picture: PreparedDiffusion,
  inputs: Awaited<ReturnType<PreparedDiffusion['beginStep']>>,
  scales: StepGuidance,
  signal: AbortSignal | undefined,
): Promise<FloatTensor[]> {
  const velocities = [];
  for (const branch of branchesOf(scales)) {
    throwIfCancelled(signal);
    velocities.push(await picture.velocity(branch, inputs));
  }
  return velocities;
}
