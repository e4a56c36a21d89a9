/**
 * What this processor can do at most: bytes a second from memory, and operations a second of large products in
 * float32 and int8. Measured with the kernels the engine uses, on weights it holds prepacked, by the time the
 * processor gave them: other work on the machine lowers no roof.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BuiltGraph,
  GraphBuilder,
  type WeightSource,
  type WeightType,
} from '../../engine/onnx/graph.ts';
import { Session } from '../../engine/runtime/session.ts';
import { elementCount, floatTensor, type Tensor } from '../../engine/runtime/tensor.ts';
import { measured } from './timing.ts';

export interface Roofs {
  /** Gigabytes a second, read by a product of one row. */
  memory: number;
  /** 10^9 operations a second (a multiplication and an addition are two). */
  float32: number;
  int8: number;
}

const FILE = 'weights.bin';
const STREAM_WIDTH = 8_192;
const PRODUCT = { rows: 1_024, inner: 4_096, columns: 4_096 } as const;
const REPETITIONS = 5;
const BYTES: Partial<Record<WeightType, number>> = { float32: 4, int8: 1 };

export async function measureRoofs(threads: number): Promise<Roofs> {
  const folder = await mkdtemp(join(tmpdir(), 'tusk-roofs-'));
  try {
    await writeFile(join(folder, FILE), Buffer.alloc(STREAM_WIDTH ** 2 * 4, 1));
    const { rows, inner, columns } = PRODUCT;
    const operations = 2 * rows * inner * columns;
    const streamMs = await time(
      floatProduct(folder, STREAM_WIDTH, STREAM_WIDTH),
      floats(1, STREAM_WIDTH),
      threads,
    );
    const floatMs = await time(floatProduct(folder, inner, columns), floats(rows, inner), threads);
    const byteMs = await time(byteProduct(folder, inner, columns), bytes(rows, inner), threads);
    return {
      memory: (STREAM_WIDTH ** 2 * 4) / streamMs / 1e6,
      float32: operations / floatMs / 1e6,
      int8: operations / byteMs / 1e6,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function time(graph: BuiltGraph, rows: Tensor, threads: number): Promise<number> {
  const session = await Session.create(graph, { threads });
  try {
    return (await measured(() => session.run({ rows }), REPETITIONS)).processorMs / threads;
  } finally {
    await session.dispose();
  }
}

const floats = (rows: number, width: number) =>
  floatTensor(new Float32Array(rows * width).fill(0.5), [rows, width]);

const bytes = (rows: number, width: number): Tensor => ({
  type: 'uint8',
  shape: [rows, width],
  data: new Uint8Array(rows * width).fill(130),
});

/** Every tensor is the start of the one file. */
const source = (folder: string, elementType: WeightType): WeightSource => ({
  folder,
  has: (name) => !/\.int[48]$/.test(name),
  locate: (_name, shape) => ({
    ...{ elementType, shape, file: FILE, offset: 0 },
    length: elementCount(shape) * BYTES[elementType]!,
  }),
});

function floatProduct(folder: string, inner: number, columns: number): BuiltGraph {
  const graph = new GraphBuilder('float-product', source(folder, 'float32'));
  const rows = graph.input('rows', 'float32', ['rows', inner]);
  graph.output('product', graph.linear(rows, 'product', inner, columns, false), 'float32', ['rows', columns]);
  return graph.finish();
}

function byteProduct(folder: string, inner: number, columns: number): BuiltGraph {
  const graph = new GraphBuilder('byte-product', source(folder, 'int8'));
  const rows = graph.input('rows', 'uint8', ['rows', inner]);
  const product = graph.op('MatMulInteger', [rows, graph.quantisedWeight('weight', [inner, columns])]);
  graph.output('product', product, 'int32', ['rows', columns]);
  return graph.finish();
}
