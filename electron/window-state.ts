/** Size and place of the window, kept between runs; a place that no screen shows any more is forgotten. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type BrowserWindow, type Rectangle, screen } from 'electron';
import { z } from 'zod';

const windowState = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(400).max(20_000),
  height: z.number().int().min(300).max(20_000),
  isMaximized: z.boolean(),
});
export type WindowState = Partial<z.infer<typeof windowState>>;

const FIRST: WindowState = { width: 1280, height: 800 };
/** So much of the window must be on a screen, pixels, for a person to get hold of it. */
const GRIP = 100;

export function readWindowState(path: string): WindowState {
  const state = windowState.safeParse(readJson(path));
  return state.success && isReachable(state.data) ? state.data : FIRST;
}

/** Written whole when the window closes. A failure costs no more than the place of a window. */
export function keepWindowState(window: BrowserWindow, path: string): void {
  window.on('close', () => {
    const state = { ...window.getNormalBounds(), isMaximized: window.isMaximized() };
    try {
      writeFileSync(`${path}.part`, JSON.stringify(state));
      renameSync(`${path}.part`, path);
    } catch (thrown) {
      console.warn('The place of the window was not kept:', thrown);
    }
  });
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

const isReachable = (window: Rectangle): boolean =>
  screen
    .getAllDisplays()
    .some(
      ({ workArea }) =>
        overlap(window, workArea, 'x', 'width') >= GRIP && overlap(window, workArea, 'y', 'height') >= GRIP,
    );

function overlap(a: Rectangle, b: Rectangle, start: 'x' | 'y', side: 'width' | 'height'): number {
  return Math.min(a[start] + a[side], b[start] + b[side]) - Math.max(a[start], b[start]);
}
