/** A device as a run gets it, that no test of its own stands behind. */
import type { ChosenDevice } from '../../engine/devices/devices.ts';
import type { DeviceRoom } from '../../engine/memory/plan.ts';

/** WebGPU with 8 GB, attention written out. @param barred parts that stay on the processor */
export const chosenDevice = (barred: DeviceRoom['barred'] = {}): ChosenDevice => ({
  device: { provider: 'webgpu', attention: 'plain' },
  name: 'Some GPU',
  room: { gpuBytes: 8e9, barred, hasInt4: true, attention: 'plain' },
});
