/** How the branches of one step become one velocity. */
import type { FloatTensor } from '../runtime/tensor.ts';

/** What a branch sees: the condition and the references, the references alone, or neither (negative prompt in both). */
export type Branch = 'conditional' | 'references' | 'unconditional';

export interface Guidance {
  /** Weight of the prompt; 1 or less = off. */
  text: number;
  /** Weight of the reference pictures; counts only where `text` is on, too. */
  image: number;
  /** Share of the steps that are guided, from and to, ends included, 0..1. */
  range: readonly [number, number];
}

/**
 * The scales of every step. The first step outside the range switches guidance off for the rest of the run, as
 * in the reference: a range that starts above 0 means no guidance at all.
 */
export function guidanceOfSteps(steps: number, { text, image, range }: Guidance): StepGuidance[] {
  let on = true;
  return Array.from({ length: steps }, (_, i) => {
    on &&= range[0] <= i / steps && i / steps <= range[1];
    return { text: on ? text : 1, image: on ? image : 1 };
  });
}

export interface StepGuidance {
  text: number;
  image: number;
}

/** The branches a step has to run, in this order. */
export function branchesOf({ text, image }: StepGuidance): Branch[] {
  if (text <= 1) return ['conditional'];
  return image > 1 ? ['conditional', 'references', 'unconditional'] : ['conditional', 'unconditional'];
}

/** Velocities of the branches (of `branchesOf`, in order) -> the guided one, same shape. */
export function guide(velocities: readonly FloatTensor[], { text, image }: StepGuidance): FloatTensor {
  const [conditional, second, third] = velocities;
  if (!second) return conditional!;
  const c = conditional!.data;
  const u = (third ?? second).data;
  const r = third ? second.data : undefined;
  const data = c.map((value, i) =>
    r ? u[i]! + image * (r[i]! - u[i]!) + text * (value - r[i]!) : u[i]! + text * (value - u[i]!),
  );
  return { ...conditional!, data };
}
