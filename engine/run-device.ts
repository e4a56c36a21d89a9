/** Which device computes what of a run, as people are told. */
import type { ChosenDevice } from './devices/devices.ts';
import type { MemoryPlan } from './memory/plan.ts';
import { PARTS } from './placing.ts';
import type { RunDevice } from './protocol.ts';

export function runDevice({ device, name }: ChosenDevice, { placements }: MemoryPlan): RunDevice {
  return {
    provider: device.provider,
    name,
    parts: PARTS.filter((part) => placements[part]?.device === 'gpu'),
    onProcessor: PARTS.flatMap((part) => {
      const reason = placements[part]?.reason;
      return reason ? [{ part, reason }] : [];
    }),
  };
}
