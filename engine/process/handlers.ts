/** What each verb of the protocol does, and the one model that stays loaded between requests. */
import { chat } from '../chat.ts';
import { create } from '../create.ts';
import { edit } from '../edit.ts';
import { inspectCheckpoint, summarize } from '../info.ts';
import { folderStamp, Model } from '../load.ts';
import type { Params, RequestContext, Result, Verb } from '../protocol.ts';
import { UpscalerShelf, upscale } from '../upscale.ts';
import { verify } from '../verify.ts';
import { Workbench } from '../workbench.ts';

type Handler<V extends Verb> = (params: Params<V>, context: RequestContext) => Promise<Result<V>>;
export type Handlers = { [V in Exclude<Verb, 'cancel'>]: Handler<V> };

export interface HandlerOptions {
  /** Threads inside one operator; 0 = onnxruntime's own choice. */
  threads: number;
}

export function createHandlers(options: HandlerOptions): Handlers {
  const current = new CurrentModel(options);
  const upscalers = new UpscalerShelf(options);
  return {
    load: async ({ checkpoint }) => {
      const from = performance.now();
      const { model } = await current.get(checkpoint);
      return summarize(model, performance.now() - from);
    },
    info: ({ checkpoint, deep }, { signal }) => inspectCheckpoint(checkpoint, { deep, signal }),
    create: async (params, context) => create(await current.get(params.checkpoint), params, context),
    edit: async (params, context) => edit(await current.get(params.checkpoint), params, context),
    chat: async (params, context) => chat(await current.get(params.checkpoint), params, context),
    upscale: (params, context) => upscale(upscalers, params, context),
    verify: ({ folder, stage }, { emit, signal }) => verify(folder, { stage, emit, signal }),
  };
}

/** At most one model is in memory; asking for another one, or for one that was replaced on disk, frees the first. */
class CurrentModel {
  private bench: Workbench | undefined;
  private stamp = '';

  constructor(private readonly options: HandlerOptions) {}

  async get(folder: string | undefined): Promise<Workbench> {
    const path = Model.resolve(folder);
    if (this.bench?.model.path === path && (await folderStamp(path)) === this.stamp) return this.bench;
    await this.bench?.dispose();
    this.bench = undefined;
    const model = await Model.open(path, this.options);
    this.stamp = await folderStamp(path);
    this.bench = new Workbench(model);
    return this.bench;
  }
}
