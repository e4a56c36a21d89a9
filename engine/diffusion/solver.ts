/**
 * How a step's velocity moves the latents. Euler takes it as it is, as the reference does; the second-order solver
 * (Adams-Bashforth with two values, for steps of any length) looks from the last two to the middle of the step.
 * Both run the transformer once a step.
 */
import type { Solver } from '../choices.ts';
import type { FloatTensor } from '../runtime/tensor.ts';

/** @param previous velocity of the step before, absent at the start. @param ratio this step's length over the last one's */
export function effectiveVelocity(
  solver: Solver,
  velocity: FloatTensor,
  previous: FloatTensor | undefined,
  ratio: number,
): FloatTensor {
  if (solver === 'euler' || !previous) return velocity;
  const data = new Float32Array(velocity.data.length);
  for (let i = 0; i < data.length; i++) {
    const current = velocity.data[i]!;
    data[i] = current + (ratio / 2) * (current - previous.data[i]!);
  }
  return { ...velocity, data };
}

/** Along a velocity for a length of time. */
export function advance(latents: FloatTensor, velocity: FloatTensor, length: number): FloatTensor {
  const data = new Float32Array(latents.data.length);
  for (let i = 0; i < data.length; i++) data[i] = latents.data[i]! + length * velocity.data[i]!;
  return { ...latents, data };
}
