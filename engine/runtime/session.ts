/**
 * The only importer of onnxruntime-node. A session owns native memory: dispose it, or let its owner do so.
 *
 * `run` blocks its thread until done and can't be cancelled, so runs are kept short (one token, one branch of
 * one step) and callers look at their AbortSignal in between.
 */
import * as ort from 'onnxruntime-node';
import { TuskError } from '../errors.ts';
import { type FloatTensor, floatTensor, type Tensor, type TensorData, type TensorType } from './tensor.ts';

/** A serialized ONNX model and the folder its external data is relative to (`BuiltGraph` fits). */
export interface SessionModel {
  name: string;
  bytes: Uint8Array;
  folder: string;
}

export interface SessionOptions {
  /** Threads inside one operator. Default 0: onnxruntime's own choice (the physical cores). */
  threads?: number;
  /** Execution providers in order of preference, onnxruntime's names. Default ['cpu']. */
  providers?: readonly string[];
  /**
   * true: weights stay memory-mapped and shared, loading takes milliseconds, large matrix products run slower.
   * Default false: weights are repacked for the kernels.
   */
  mapped?: boolean;
}

export class Session {
  private native: ort.InferenceSession | undefined;

  private constructor(
    readonly name: string,
    native: ort.InferenceSession,
  ) {
    this.native = native;
  }

  /** @throws TuskError `internal` naming the graph if onnxruntime refuses it, `out-of-memory` if memory ends. */
  static async create(model: SessionModel, options: SessionOptions = {}): Promise<Session> {
    const extra = {
      session: {
        model_external_initializers_file_folder_path: model.folder,
        ...(options.mapped ? { disable_prepacking: '1' } : {}),
      },
    };
    try {
      const native = await ort.InferenceSession.create(model.bytes, {
        executionProviders: [...(options.providers ?? ['cpu'])],
        intraOpNumThreads: options.threads ?? 0,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
        extra,
      });
      return new Session(model.name, native);
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

  /** @param fetches output names to compute; default all. Outputs are copied to host memory. */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches?: readonly string[],
  ): Promise<Record<string, Tensor>> {
    const native = this.alive();
    const inputs: Record<string, ort.Tensor> = {};
    for (const [name, tensor] of Object.entries(feeds)) inputs[name] = toNative(tensor);
    try {
      const results = fetches ? await native.run(inputs, [...fetches]) : await native.run(inputs);
      return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, fromNative(value)]));
    } catch (cause) {
      throw runtimeError(`The network "${this.name}" failed while running`, cause);
    }
  }

  async dispose(): Promise<void> {
    const native = this.native;
    this.native = undefined;
    await native?.release();
  }

  private alive(): ort.InferenceSession {
    if (!this.native)
      throw new TuskError('internal', `The session "${this.name}" was used after it was disposed.`);
    return this.native;
  }
}

function toNative(tensor: Tensor): ort.Tensor {
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
