/** Stage `schedule`: the times of the steps. */
import { timesteps } from '../diffusion/schedule.ts';
import { floatTensor } from '../runtime/tensor.ts';
import type { ParityCase, StageOutputs } from './case.ts';

export async function run(parityCase: ParityCase): Promise<StageOutputs> {
  const cases = parityCase.params.cases as [number, number, number][];
  const tensors = cases.map(([steps, rows, columns], i) => {
    return [`out.timesteps.${i}`, floatTensor(timesteps(steps, rows, columns), [steps])] as const;
  });
  return { tensors: Object.fromEntries(tensors), result: {} };
}
