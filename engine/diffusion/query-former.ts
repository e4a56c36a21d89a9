/** The Q-Former over its session: states of visual tokens to the fixed number of rows the diffusion sees. */
import { floatOutput, type Session } from '../runtime/session.ts';
import type { FloatTensor } from '../runtime/tensor.ts';

export class QueryFormer {
  /** @param session graph `q-former` */
  constructor(private readonly session: Session) {}

  /** @param states [m, state width], m >= 1, attended ones only -> [queries, width] */
  async condense(states: FloatTensor): Promise<FloatTensor> {
    return floatOutput(await this.session.run({ states }), 'rows');
  }

  dispose = (): Promise<void> => this.session.dispose();
}
