/**
 * A session owns native memory: dispose it, or let its owner do so.
 *
 * `run` blocks its thread until done and can't be cancelled, so runs are kept short (one token, one branch of
 * one step) and callers look at their AbortSignal in between.
 */
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { TuskError } from '../errors.ts';
import { DeviceTensor } from './device-tensor.ts';
import type { DeviceUse } from './provider.ts';
import { type FloatTensor, floatTensor, type Tensor, type TensorData, type TensorType } from './tensor.ts';

/** A serialized ONNX model and the folder its external data is relative to (`BuiltGraph` fits). */
export interface SessionModel {
  name: string;
  bytes: Uint8Array;
  folder: string;
  /** Kinds of its nodes. */
  operators: readonly string[];
}

export interface SessionOptions {
  /** Threads inside one operator. Default 0: onnxruntime's own choice (the physical cores). */
  threads?: number;
  /** Default: the processor. */
  device?: DeviceUse | undefined;
  /** Outputs that stay in the device's memory. */
  resident?: readonly string[];
  /**
   * true: weights stay memory-mapped and shared, loading takes milliseconds, large matrix products run slower.
   * Default false: weights are repacked for the kernels.
   */
  mapped?: boolean;
}

type Feeds = Readonly<Record<string, Tensor | DeviceTensor>>;

export class Session {
  private native: ort.InferenceSession | undefined;

  private constructor(
    readonly name: string,
    native: ort.InferenceSession,
    private readonly isTraced: boolean,
  ) {
    this.native = native;
  }

  /**
   * @throws TuskError `internal` naming the graph if onnxruntime refuses it, `out-of-memory` if memory ends,
   *   `checkpoint-unsupported` naming the operator that the device hasn't been seen to compute
   */
  static async create(model: SessionModel, options: SessionOptions = {}): Promise<Session> {
    const { device } = options;
    assertProven(model, device);
    try {
      const native = await ort.InferenceSession.create(model.bytes, nativeOptions(model, options));
      for (const operator of model.operators) device?.trace?.operators.add(operator);
      return new Session(model.name, native, device?.trace !== undefined);
    } catch (cause) {
      throw runtimeError(`The network "${model.name}" could not be loaded`, cause);
    }
  }

  get inputNames(): readonly string[] {
    return this.alive().inputNames;
  }

  get outputNames(): readonly string[] {
    return this.alive().outputNames;
  }

  /**
   * @param fetches output names to compute; default all. They are copied to host memory.
   * @param into further outputs, and where they are written: one of the feeds is allowed
   */
  async run(
    feeds: Feeds,
    fetches: readonly string[] = this.outputNames,
    into: Readonly<Record<string, DeviceTensor>> = {},
  ): Promise<Record<string, Tensor>> {
    const placed = Object.entries(into).map(([name, { native }]) => [name, native]);
    const wanted = [...placed, ...fetches.map((name) => [name, null])];
    const results = await this.compute(feeds, Object.fromEntries(wanted));
    // A second handle of the same memory.
    for (const name of Object.keys(into)) results[name]?.dispose();
    return Object.fromEntries(fetches.map((name) => [name, fromNative(results[name]!)]));
  }

  /** The one output of a graph whose outputs are `resident`. */
  async make(feeds: Feeds): Promise<DeviceTensor> {
    const [name] = this.outputNames;
    const results = await this.compute(feeds, { [name!]: null });
    return new DeviceTensor(results[name!]!);
  }

  private async compute(
    feeds: Feeds,
    fetches: Record<string, ort.Tensor | null>,
  ): Promise<ort.InferenceSession.OnnxValueMapType> {
    const native = this.alive();
    const inputs: Record<string, ort.Tensor> = {};
    for (const [name, tensor] of Object.entries(feeds)) inputs[name] = toNative(tensor);
    try {
      return await native.run(inputs, fetches);
    } catch (cause) {
      throw runtimeError(`The network "${this.name}" failed while running`, cause);
    }
  }

  async dispose(): Promise<void> {
    const native = this.native;
    this.native = undefined;
    if (this.isTraced) native?.endProfiling();
    await native?.release();
  }

  private alive(): ort.InferenceSession {
    if (!this.native)
      throw new TuskError('internal', `The session "${this.name}" was used after it was disposed.`);
    return this.native;
  }
}

/**
 * A thread without work sleeps. onnxruntime's own way, to go round in circles until there is some, takes the processor
 * from the thread that works where two share a core: pictures took two thirds longer.
 */
const WAIT_ASLEEP = '0';

function nativeOptions(
  { name, folder }: SessionModel,
  { threads = 0, device, resident = [], mapped }: SessionOptions,
): ort.InferenceSession.SessionOptions {
  const locations = Object.fromEntries(resident.map((output) => [output, 'gpu-buffer' as const]));
  return {
    executionProviders: [device?.provider ?? 'cpu'],
    ...(resident.length > 0 && { preferredOutputLocation: locations }),
    ...(device?.trace && { enableProfiling: true, profileFilePrefix: join(device.trace.folder, name) }),
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: {
      session: {
        model_external_initializers_file_folder_path: folder,
        intra_op: { allow_spinning: WAIT_ASLEEP },
        ...(mapped ? { disable_prepacking: '1' } : {}),
      },
    },
  };
}

/**
 * onnxruntime computes on the processor what a device has no kernel for, and says nothing. Its own ban on that
 * (`session.disable_cpu_ep_fallback`) also forbids the arithmetic on shapes that it puts there on purpose.
 */
function assertProven({ name, operators }: SessionModel, device: DeviceUse | undefined): void {
  const unproven = device?.operators && operators.find((operator) => !device.operators!.has(operator));
  if (!unproven) return;
  throw new TuskError(
    'checkpoint-unsupported',
    `The network "${name}" needs the operator ${unproven}, which ${device!.provider} has not been seen to compute.`,
    { hint: 'Put this part on the processor, or test the device again.' },
  );
}

function toNative(tensor: Tensor | DeviceTensor): ort.Tensor {
  if (tensor instanceof DeviceTensor) return tensor.native;
  return new ort.Tensor(tensor.type as 'float32', tensor.data as Float32Array, tensor.shape);
}

function fromNative(value: ort.Tensor): Tensor {
  return { type: value.type as TensorType, shape: value.dims, data: value.data as TensorData };
}

function runtimeError(what: string, cause: unknown): TuskError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = /alloc|out of memory|bad_alloc/i.test(reason) ? 'out-of-memory' : 'internal';
  return new TuskError(code, `${what}: ${reason}`, { cause });
}

/** The named output as float32. @throws TuskError `internal` if it is not there. */
export function floatOutput(outputs: Record<string, Tensor>, name: string): FloatTensor {
  const tensor = outputs[name];
  if (tensor?.type !== 'float32')
    throw new TuskError('internal', `The output "${name}" is missing or not float32.`);
  return floatTensor(tensor.data as Float32Array, tensor.shape);
}
