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

/** @returns whether it was still held: of two deliveries of one message only the first to end settles it */
export function release({ turnId }: Outgoing): boolean {
  const held = outgoing();
  const others = held.filter((message) => message.turnId !== turnId);
  store(others);
  return others.length < held.length;
}
