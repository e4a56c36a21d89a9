/**
 * The rounding of hub/quantise.ts by WebAssembly (kernels/rounding.wat): the same numbers and scales, about ten times as
 * fast. A matrix goes through in parts that stay in the processor's cache.
 */
import type { Dtype } from '../checkpoint/safetensors.ts';
import { INT4_BLOCK, type Precision } from '../models/quantisation.ts';
import { ROUNDING_BASE64 } from './kernels/rounding-bytes.ts';
import { int8Scale, type Quantised } from './quantise.ts';

const PART_VALUES = 2 ** 18;
const PAGE_BYTES = 2 ** 16;
const VALUE_BYTES: Partial<Record<Dtype, number>> = { F32: 4, BF16: 2 };
/** Values that a kernel takes at once. */
const STRIDE: Record<Precision, number> = { int4: INT4_BLOCK, int8: 8 };
/** Two float64: sums of squares. */
const SUMS = 0;
const RAW = 64;

interface Kernels {
  memory: WebAssembly.Memory;
  widen(from: number, count: number, to: number): void;
  largest(from: number, count: number): number;
  int4(from: number, count: number, numbers: number, scales: number, sums: number): void;
  int8(
    ...of: [from: number, count: number, scale: number, numbers: number, stride: number, sums: number]
  ): void;
}

let module: WebAssembly.Module | undefined;

/** Where the parts of a matrix lie in the kernels' memory. */
interface Layout {
  values: number;
  numbers: number;
  scales: number;
  partRows: number;
}

export class RoundingKernels {
  private readonly kernels: Kernels;

  constructor() {
    module ??= new WebAssembly.Module(Buffer.from(ROUNDING_BASE64, 'base64'));
    this.kernels = new WebAssembly.Instance(module).exports as unknown as Kernels;
  }

  /** Whether rows of this width and these numbers can be rounded here. */
  static fit(dtype: Dtype, inWidth: number, precision: Precision): boolean {
    return VALUE_BYTES[dtype] !== undefined && inWidth > 0 && inWidth % STRIDE[precision] === 0;
  }

  /** @param bytes of some rows. */
  toInt4(bytes: Uint8Array, dtype: Dtype, inWidth: number): Quantised {
    const rows = bytes.length / VALUE_BYTES[dtype]! / inWidth;
    const blocks = inWidth / INT4_BLOCK;
    const numbers = new Uint8Array((rows * inWidth) / 2);
    const scales = new Float32Array(rows * blocks);
    const { layout, squares } = this.prepare(inWidth, (partRows) => (partRows * inWidth) / 2);
    for (let row = 0; row < rows; row += layout.partRows) {
      const count = Math.min(layout.partRows, rows - row) * inWidth;
      this.place(layout, bytes, dtype, row * inWidth, count);
      this.kernels.int4(layout.values, count, layout.numbers, layout.scales, SUMS);
      numbers.set(this.bytes(layout.numbers, count / 2), (row * inWidth) / 2);
      scales.set(this.floats(layout.scales, count / INT4_BLOCK), row * blocks);
    }
    return { numbers, scales, error: squares() };
  }

  /** @param bytes of the whole matrix. @param levels largest number of a weight */
  toInt8(bytes: Uint8Array, dtype: Dtype, inWidth: number, levels = 127): Quantised {
    const rows = bytes.length / VALUE_BYTES[dtype]! / inWidth;
    const scales = new Float32Array(rows);
    const { layout, squares } = this.prepare(inWidth, () => rows * inWidth);
    for (let row = 0; row < rows; row += layout.partRows) {
      const partRows = Math.min(layout.partRows, rows - row);
      this.place(layout, bytes, dtype, row * inWidth, partRows * inWidth);
      for (let i = 0; i < partRows; i++) {
        const from = layout.values + 4 * i * inWidth;
        const scale = int8Scale(this.kernels.largest(from, inWidth), levels);
        scales[row + i] = scale;
        this.kernels.int8(from, inWidth, scale, layout.numbers + row + i, rows, SUMS);
      }
    }
    return { numbers: this.bytes(layout.numbers, rows * inWidth).slice(), scales, error: squares() };
  }

  /** @param numberBytes of so many rows at once */
  private prepare(inWidth: number, numberBytes: (partRows: number) => number) {
    const partRows = Math.max(1, Math.floor(PART_VALUES / inWidth));
    const valueBytes = 4 * partRows * inWidth;
    const values = RAW + valueBytes;
    const numbers = values + valueBytes;
    const scales = Math.ceil((numbers + numberBytes(partRows)) / 64) * 64;
    const needed = scales + valueBytes / INT4_BLOCK - this.kernels.memory.buffer.byteLength;
    if (needed > 0) this.kernels.memory.grow(Math.ceil(needed / PAGE_BYTES));
    const sums = () => new Float64Array(this.kernels.memory.buffer, SUMS, 2);
    sums().fill(0);
    const squares = () => ({ squares: sums()[0]!, total: sums()[1]! });
    return { layout: { values, numbers, scales, partRows } satisfies Layout, squares };
  }

  /** Widened values from `first` on. */
  private place(layout: Layout, bytes: Uint8Array, dtype: Dtype, first: number, count: number): void {
    const size = VALUE_BYTES[dtype]!;
    const part = bytes.subarray(first * size, (first + count) * size);
    const at = dtype === 'F32' ? layout.values : RAW;
    this.bytes(at, part.length).set(part);
    if (dtype === 'BF16') this.kernels.widen(RAW, count, layout.values);
  }

  private bytes = (at: number, length: number): Uint8Array =>
    new Uint8Array(this.kernels.memory.buffer, at, length);

  private floats = (at: number, length: number): Float32Array =>
    new Float32Array(this.kernels.memory.buffer, at, length);
}
