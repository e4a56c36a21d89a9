/** Messages the studio has not taken yet. A reload in between doesn't lose them: they go out again. */
import type { WorkspaceState } from '../stores/workspace.ts';

type Composed = Pick<
  WorkspaceState,
  'message' | 'modeOverride' | 'targetIds' | 'seed' | 'variations' | 'pictureSettings'
>;

export interface Outgoing extends Composed {
  /** It may not be made yet. */
  chatId: string;
  /** By it the studio knows a message that comes twice. */
  turnId: string;
  /** Before all that wait. */
  first: boolean;
  /** Asked for although the memory may not be enough. */
  anyway: boolean;
}

const STORED = 'tusk-outbox';

export const outgoing = (): Outgoing[] => JSON.parse(sessionStorage.getItem(STORED) ?? '[]');

const store = (messages: readonly Outgoing[]): void =>
  sessionStorage.setItem(STORED, JSON.stringify(messages));

export const hold = (message: Outgoing): void => store([...outgoing(), message]);

export const release = ({ turnId }: Outgoing): void =>
  store(outgoing().filter((message) => message.turnId !== turnId));
