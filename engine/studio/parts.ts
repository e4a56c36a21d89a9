/** What the handlers of the studio work with. */
import type { Library } from '../library/library.ts';
import type { StudioAnswer, StudioCheckedParams, StudioEvent, StudioMethod } from '../studio-protocol.ts';
import type { Captions } from './captions.ts';
import type { Downloads } from './downloads.ts';
import type { EngineWatch } from './engine-watch.ts';
import type { Models } from './models.ts';
import type { Queue } from './queue.ts';

export interface Parts {
  library: Library;
  engine: EngineWatch;
  queue: Queue;
  models: Models;
  downloads: Downloads;
  captions: Captions;
  emit: (event: StudioEvent) => void;
}

export type Handler<M extends StudioMethod> = (
  params: StudioCheckedParams<M>,
) => StudioAnswer<M> | Promise<StudioAnswer<M>>;
export type Handlers = { [M in StudioMethod]: Handler<M> };
