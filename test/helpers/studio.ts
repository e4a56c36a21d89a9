/** A studio with a real engine on the committed checkpoint, one thread, in a library folder of its own. */
import { join, resolve } from 'node:path';
import { type SpawnedEngine, spawnEngine } from '../../engine/spawn.ts';
import { Studio } from '../../engine/studio/studio.ts';
import type { Job, StudioEvent } from '../../engine/studio-protocol.ts';
import { buildEngine, ROOT } from '../../scripts/bundle.mjs';
import { libraryFolder } from './library.ts';

export const CHECKPOINT = resolve('test/parity/alpha/checkpoint');
export const QUICK = { steps: 2, width: 32, height: 32 };
/** As it is shipped: it starts in a third of the time that its source takes. */
const ENGINE = join(ROOT, 'dist', 'process.js');

export interface TestStudio {
  studio: Studio;
  folder: string;
  events: StudioEvent[];
  /** Every engine that was started, oldest first. */
  engines: SpawnedEngine[];
  /** The first event, past or to come, for which `match` holds. */
  next<T extends StudioEvent>(match: (event: StudioEvent) => event is T): Promise<T>;
  /** The job once it is in that state. */
  jobIn(id: string, ...states: Job['state'][]): Promise<Job>;
}

export async function openStudio(
  folder?: string,
  options: { patienceMs?: number } = {},
): Promise<TestStudio> {
  process.env.TUSK_THREADS = '1';
  const place = folder ?? (await libraryFolder());
  await buildEngine();
  const engines: SpawnedEngine[] = [];
  const spawn = () => {
    const engine = spawnEngine({}, ENGINE);
    engines.push(engine);
    return engine;
  };
  const studio = await Studio.open({ folder: place, spawn, checkpoint: CHECKPOINT, ...options });
  const events: StudioEvent[] = [];
  studio.subscribe((event) => void events.push(event));
  const next: TestStudio['next'] = (match) =>
    new Promise((found) => {
      const known = events.find(match);
      if (known) return found(known);
      const stop = studio.subscribe((event) => {
        if (!match(event)) return;
        stop();
        found(event);
      });
    });
  const jobIn: TestStudio['jobIn'] = async (id, ...states) => {
    const isIt = (event: StudioEvent): event is Kind<'job'> =>
      event.event === 'job' && event.job.id === id && states.includes(event.job.state);
    return (await next(isIt)).job;
  };
  return { studio, folder: place, events, engines, next, jobIn };
}

type Kind<E extends StudioEvent['event']> = Extract<StudioEvent, { event: E }>;
export const isPreview = (event: StudioEvent): event is Kind<'preview'> => event.event === 'preview';
export const engineIs =
  (state: Kind<'engine'>['state']) =>
  (event: StudioEvent): event is Kind<'engine'> =>
    event.event === 'engine' && event.state === state;

/** Sends a message to a new chat. */
export async function send(studio: Studio, message: string, change: object = {}) {
  const { id: chatId } = await studio.call('chats.create', {});
  const request = { chatId, mode: 'create' as const, message, targetIds: [], settings: QUICK, seed: 7 };
  return studio.call('jobs.submit', { ...request, ...change });
}
