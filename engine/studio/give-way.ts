import { setPriority } from 'node:os';
import { log } from '../log.ts';

/** A third of the share of a program that is no nicer; without one, all there is. */
export const NICENESS = 5;

/**
 * The engine computes behind everything the person does: windows, the studio and other programs go first, what they
 * leave is its own. Threads it makes later are like the one that makes them.
 */
export function giveWay(pid: number): void {
  try {
    setPriority(pid, NICENESS);
  } catch (thrown) {
    log.debug(`the engine keeps its priority: ${thrown}`);
  }
}
