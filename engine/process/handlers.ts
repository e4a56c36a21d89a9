/** What each verb of the protocol does, and the one model that stays loaded between requests. */
import { chat } from '../chat.ts';
import { create } from '../create.ts';
import { Devices } from '../devices/devices.ts';
import { edit } from '../edit.ts';
import { ensureCompiled, renewIfStale } from '../hub/compile-cache.ts';
import { devicesFile } from '../hub/folders.ts';
import { inspectCheckpoint, summarize } from '../info.ts';
import { type Compiler, folderStamp, type LoadProgress, Model, type ModelOptions } from '../load.ts';
import type { MemoryChoice, Params, RequestContext, Result, Verb } from '../protocol.ts';
import { UpscalerShelf, upscale } from '../upscale.ts';
import { verify } from '../verify.ts';
import { Workbench } from '../workbench.ts';

type Handler<V extends Verb> = (params: Params<V>, context: RequestContext) => Promise<Result<V>>;
export type Handlers = { [V in Exclude<Verb, 'cancel'>]: Handler<V> };

export interface HandlerOptions {
  /** Threads inside one operator; 0 = onnxruntime's own choice. */
  threads: number;
  /** What may be taken up; absent = what is free. */
  machine?: ModelOptions['machine'];
  /** Absent: those of this computer. */
  devices?: Devices;
}

const COMPILING = 'a smaller copy of the model';

/** Compiling is told as loading, in hundredths: it takes minutes, once. */
const inHundredths = (tell: LoadProgress['onLoading']) => (done: number, total: number) =>
  tell?.(COMPILING, Math.round((100 * done) / total), 100);

const compile: Compiler = (source, { signal, onLoading }) =>
  ensureCompiled({
    ...{ source, signal },
    onProgress: inHundredths(onLoading),
  });

export function createHandlers({
  threads,
  machine,
  devices = new Devices({ file: devicesFile(), gpuBytes: machine?.gpuBytes }),
}: HandlerOptions): Handlers {
  const options = { threads, compile, ...(machine && { machine }) };
  const current = new CurrentModel(options, devices);
  const upscalers = new UpscalerShelf({ threads });
  return {
    load: async ({ checkpoint }, context) => {
      const from = performance.now();
      const { model } = await current.get(checkpoint, context);
      return summarize(model, performance.now() - from);
    },
    info: async ({ checkpoint, deep }, { signal }) =>
      inspectCheckpoint(checkpoint, { deep, device: await devices.choose({}), signal }, options),
    create: (params, context) => current.with(params, context, (bench) => create(bench, params, context)),
    edit: (params, context) => current.with(params, context, (bench) => edit(bench, params, context)),
    chat: (params, context) => current.with(params, context, (bench) => chat(bench, params, context)),
    devices: ({ test, checkpoint }, context) => listDevices(devices, test, checkpoint, context),
    upscale: (params, context) => upscale(upscalers, params, context),
    verify: async ({ folder, stage, device = 'cpu' }, { emit, signal }) =>
      verify(folder, { stage, device: await devices.choose({ device }), emit, signal }),
  };
}

/** The self-test's progress is told as loading. */
async function listDevices(
  devices: Devices,
  test: Params<'devices'>['test'],
  checkpoint: string | undefined,
  { emit, signal }: RequestContext,
): Promise<Result<'devices'>> {
  const onTest = (name: string, done: number, of: number) =>
    emit({ event: 'loading', what: `the test of ${name}`, part: done + 1, parts: of });
  if (test) await devices.test({ provider: test, checkpoint: Model.resolve(checkpoint), onTest, signal });
  return { devices: await devices.list() };
}

/** At most one model is in memory; asking for another one, or for one that was replaced on disk, frees the first. */
class CurrentModel {
  private bench: Workbench | undefined;
  private stamp = '';

  constructor(
    private readonly options: ModelOptions,
    private readonly devices: Devices,
  ) {}

  /** Does a request; memory that runs out on the way is told with the next smaller choice. */
  async with<T>(
    { checkpoint, memory = {} }: { checkpoint?: string | undefined; memory?: MemoryChoice | undefined },
    context: RequestContext,
    work: (bench: Workbench) => Promise<T>,
  ): Promise<T> {
    const bench = await this.get(checkpoint, context);
    bench.device = await this.devices.choose(memory);
    try {
      return await work(bench);
    } catch (thrown) {
      throw bench.withNext(thrown);
    }
  }

  async get(folder: string | undefined, { emit, signal }: RequestContext): Promise<Workbench> {
    const path = Model.resolve(folder);
    if (this.bench?.model.path === path && (await folderStamp(path)) === this.stamp) return this.bench;
    await this.bench?.dispose();
    this.bench = undefined;
    await renewIfStale(path, {
      signal,
      onProgress: inHundredths((what, part, parts) => emit({ event: 'loading', what, part, parts })),
    });
    const model = await Model.open(path, this.options);
    this.stamp = await folderStamp(path);
    this.bench = new Workbench(model);
    return this.bench;
  }
}
