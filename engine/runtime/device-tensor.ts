/**
 * A tensor in a device's memory: it goes into runs and comes out of them without being copied to the host. Owns that
 * memory: dispose it. Only a graph can read it, since onnxruntime ends the process that asks for its bytes.
 */
import type { Tensor as NativeTensor } from 'onnxruntime-node';

export class DeviceTensor {
  constructor(readonly native: NativeTensor) {}

  get shape(): readonly number[] {
    return this.native.dims;
  }

  dispose(): void {
    this.native.dispose();
  }
}
