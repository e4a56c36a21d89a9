/** The hub as the person's environment names it, in the variables other programs use too. */
import { modelsFolder } from './folders.ts';

export interface HubPlace {
  /** Absent: the public hub. */
  endpoint?: string | undefined;
  /** Of the person's account; see `mayHaveToken`. */
  token?: string | undefined;
  /** Where checkpoints are put. */
  folder: string;
}

export const hubOfEnvironment = (): HubPlace => ({
  endpoint: process.env.HF_ENDPOINT,
  token: process.env.HF_TOKEN,
  folder: modelsFolder(),
});
