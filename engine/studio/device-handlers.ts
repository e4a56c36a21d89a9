/** What this computer can compute with. A self-test may end the engine: it is started again, and the test goes on. */
import { throughLosses } from '../client.ts';
import { MOST_TEST_LOSSES } from '../protocol.ts';
import type { Handlers, Parts } from './parts.ts';

export const deviceHandlers = ({ engine, models }: Parts) =>
  ({
    'devices.list': async () => (await engine.client()).run('devices', {}),
    'devices.test': async ({ provider }) => {
      const checkpoint = models.embedded === undefined ? {} : { checkpoint: models.embedded };
      const found = await throughLosses(MOST_TEST_LOSSES, async () =>
        (await engine.client()).run('devices', { test: provider, ...checkpoint }),
      );
      await models.lookAgain();
      return found;
    },
  }) satisfies Partial<Handlers>;
