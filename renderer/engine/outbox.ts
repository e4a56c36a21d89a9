/** Messages the studio has not taken yet. A reload in between doesn't lose them: they go out again. */
import type { WorkspaceState } from '../stores/workspace.ts';

type Composed = Pick<
  WorkspaceState,
  'chatId' | 'message' | 'modeOverride' | 'targetIds' | 'seed' | 'variations' | 'pictureSettings'
>;

export interface Outgoing extends Composed {
  /** By it the studio knows a message that comes twice. */
  turnId: string;
  /** Before all that wait. */
  first: boolean;
  /** Asked for although the memory may not be enough. */
  anyway: boolean;
}

const STORED = 'tusk-outbox';

export const outgoing = (): Outgoing[] => JSON.parse(sessionStorage.getItem(STORED) ?? '[]');

const others = (turnId: string): Outgoing[] => outgoing().filter((message) => message.turnId !== turnId);

const store = (messages: readonly Outgoing[]): void =>
  sessionStorage.setItem(STORED, JSON.stringify(messages));

/** Puts it in, or in its own place again. */
export const hold = (message: Outgoing): void => store([...others(message.turnId), message]);

export const release = ({ turnId }: Outgoing): void => store(others(turnId));
