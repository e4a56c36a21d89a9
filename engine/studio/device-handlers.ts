/** What this computer can compute with. A self-test may end the engine: it is started again, and the test goes on. */
import { toTuskError } from '../errors.ts';
import { isLoss } from './engine-watch.ts';
import type { Handlers, Parts } from './parts.ts';

/** Each time the test has got one further; it has fourteen. */
const MOST_LOSSES = 14;

export const deviceHandlers = ({ engine, models }: Parts) =>
  ({
    'devices.list': async () => (await engine.client()).run('devices', {}),
    'devices.test': async ({ provider }) => {
      const checkpoint = models.embedded === undefined ? {} : { checkpoint: models.embedded };
      for (let left = MOST_LOSSES; ; left--) {
        try {
          return await (await engine.client()).run('devices', { test: provider, ...checkpoint });
        } catch (thrown) {
          if (left === 0 || !isLoss(toTuskError(thrown))) throw thrown;
        }
      }
    },
  }) satisfies Partial<Handlers>;
