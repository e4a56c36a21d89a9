/** The only caller of the transport: typed calls to the studio, and its events to one listener. */
import type {
  Failure,
  StudioAnswer,
  StudioEvent,
  StudioMethod,
  StudioParams,
} from '../../engine/studio-protocol.ts';
import { FrameBatch } from './frame-batch.ts';
import type { Transport } from './transport.ts';

/** A call that failed, with the studio's own words for the person. */
export class StudioFailure extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
    this.name = 'StudioFailure';
  }
}

interface Reply {
  id: number;
  answer?: unknown;
  failure?: Failure;
}

interface Waiting {
  resolve: (answer: unknown) => void;
  reject: (error: StudioFailure) => void;
}

const CONNECTION_LOST: Failure = {
  code: 'connection-lost',
  message: 'The connection to Tusk was lost.',
  hint: 'It comes back by itself. A message on its way is sent then; anything else, try again.',
};

export class StudioClient {
  private readonly waiting = new Map<number, Waiting>();
  private counter = 0;
  private isOpen = false;

  constructor(
    private readonly transport: Transport,
    onEvents: (events: readonly StudioEvent[]) => void,
    onState: (state: 'open' | 'closed') => void,
  ) {
    const events = new FrameBatch(onEvents);
    transport.onMessage = (message) => this.receive(message, events);
    transport.onState = (state) => {
      this.isOpen = state === 'open';
      if (!this.isOpen) this.rejectAll();
      onState(state);
    };
    transport.start();
  }

  /** @throws StudioFailure with what happened and what to do next. */
  call<M extends StudioMethod>(method: M, params: StudioParams<M>): Promise<StudioAnswer<M>> {
    if (!this.isOpen) return Promise.reject(new StudioFailure(CONNECTION_LOST));
    this.counter += 1;
    const id = this.counter;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: (answer) => resolve(answer as StudioAnswer<M>), reject });
      this.transport.send({ id, method, params });
    });
  }

  private receive(message: unknown, events: FrameBatch<StudioEvent>): void {
    const frame = message as Reply | StudioEvent;
    if ('event' in frame) {
      events.add(frame);
      return;
    }
    events.flush();
    this.settle(frame);
  }

  private settle({ id, answer, failure }: Reply): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (failure) waiting?.reject(new StudioFailure(failure));
    else waiting?.resolve(answer);
  }

  private rejectAll(): void {
    for (const { reject } of this.waiting.values()) reject(new StudioFailure(CONNECTION_LOST));
    this.waiting.clear();
  }
}
