/** The application as a whole: what a window needs first, settings, models, network calls. */

import type { Library } from '../library/library.ts';
import { type Settings, type Snapshot, settings } from '../studio-protocol.ts';
import type { Handlers, Parts } from './parts.ts';

const UNRESOLVED = 50;
const SETTINGS = 'settings';

/** A value this Tusk doesn't know, or can't read, counts as not set. */
export function settingsOf({ values }: Library): Settings {
  const kept = Object(values.setting(SETTINGS)) as Record<string, unknown>;
  const known = Object.entries(settings.shape).filter(
    ([name, schema]) => schema.safeParse(kept[name]).success,
  );
  return settings.parse(Object.fromEntries(known.map(([name]) => [name, kept[name]])));
}

export const appHandlers = ({ library, engine, queue, models, downloads, emit }: Parts) => {
  const current = () => settingsOf(library);

  const snapshot = (): Snapshot => ({
    settings: current(),
    chats: library.chats.list(),
    jobs: [...queue.jobs(), ...library.jobs.latest(['failed', 'parked'], UNRESOLVED).map(({ job }) => job)],
    queuePaused: queue.isPaused,
    engine: engine.state,
    models: models.cards(),
    examples: engine.summary?.examples ?? { create: [], edit: [], ask: [] },
    vocabulary: engine.summary?.vocabulary ?? [],
    languages: engine.summary?.languages ?? [],
    problems: [...library.problems],
  });

  return {
    'studio.open': snapshot,
    'settings.set': (change) => {
      const after = { ...current(), ...change };
      library.values.setSetting(SETTINGS, after);
      emit({ event: 'settings', settings: after });
      return after;
    },
    'models.list': async () => ({ models: await models.refresh() }),
    'models.use': async ({ modelId }) => ({ models: await models.use(modelId) }),
    'models.add': async ({ folder }) => ({ models: await models.add(folder) }),
    'models.remove': async ({ modelId }) => ({ models: await models.remove(modelId) }),
    'downloads.list': () => downloads.cards(),
    'downloads.start': ({ repository }) => {
      downloads.start(repository);
      return downloads.cards();
    },
    'downloads.pause': async ({ downloadId }) => {
      await downloads.pause(downloadId);
      return downloads.cards();
    },
    'downloads.resume': ({ downloadId }) => {
      downloads.resume(downloadId);
      return downloads.cards();
    },
    'downloads.discard': async ({ downloadId }) => {
      await downloads.discard(downloadId);
      return downloads.cards();
    },
    'models.info': async ({ modelId }) => {
      const { path, ...info } = await models.info(modelId);
      return info;
    },
    'models.check': ({ mode, targetIds, settings: { width, height } }) => {
      const asked = width !== undefined && height !== undefined ? { width, height } : undefined;
      return models.check(mode, mode === 'edit' ? library.versions.get(targetIds.at(-1) ?? '') : asked);
    },
    'ledger.list': () => ({ calls: library.values.networkCalls() }),
  } satisfies Partial<Handlers>;
};
