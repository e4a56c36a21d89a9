/** Where a picture lies on its canvas: fitted, or at a scale and an offset from the middle. */
import { type PointerEvent, type RefObject, useEffect, useLayoutEffect, useState } from 'react';

export interface Size {
  width: number;
  height: number;
}

export interface Placement {
  /** Screen pixels for each pixel of the picture. */
  scale: number;
  x: number;
  y: number;
}

const LEAST = 0.05;
const MOST = 32;
const MARGIN = 24;
/** Small pictures are not blown up beyond this to fill the canvas. */
const MOST_FIT = 4;

export function fitScale(picture: Size, space: Size): number {
  const wide = (space.width - 2 * MARGIN) / picture.width;
  const high = (space.height - 2 * MARGIN) / picture.height;
  return Math.max(LEAST, Math.min(MOST_FIT, wide, high));
}

/** The point under the pointer stays where it is. @param at from the middle of the canvas, screen pixels. */
export function zoomed({ scale, x, y }: Placement, factor: number, at: { x: number; y: number }): Placement {
  const next = Math.min(MOST, Math.max(LEAST, scale * factor));
  const ratio = next / scale;
  return { scale: next, x: at.x - (at.x - x) * ratio, y: at.y - (at.y - y) * ratio };
}

export function usePanZoom(area: RefObject<HTMLElement | null>, picture: Size, key: string) {
  const space = useSpace(area);
  const [moved, setMoved] = useState<Placement | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another picture starts fitted
  useEffect(() => setMoved(null), [key, picture.width, picture.height]);
  const fitted: Placement = { scale: fitScale(picture, space), x: 0, y: 0 };
  const placement = moved ?? fitted;
  const zoom = (factor: number, at = { x: 0, y: 0 }) => setMoved((now) => zoomed(now ?? fitted, factor, at));
  useWheel(area, zoom);
  return {
    placement,
    isFitted: moved === null,
    zoom,
    fit: () => setMoved(null),
    actual: () => setMoved({ scale: 1 / window.devicePixelRatio, x: 0, y: 0 }),
    pan: (event: PointerEvent) => {
      if (event.buttons === 0) return;
      setMoved({ ...placement, x: placement.x + event.movementX, y: placement.y + event.movementY });
    },
  };
}

function useSpace(area: RefObject<HTMLElement | null>): Size {
  const [space, setSpace] = useState<Size>({ width: 600, height: 600 });
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    const measure = () => setSpace({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [area]);
  return space;
}

/** React listens to wheels passively, so the page would zoom too. */
function useWheel(
  area: RefObject<HTMLElement | null>,
  zoom: (factor: number, at: { x: number; y: number }) => void,
) {
  useEffect(() => {
    const element = area.current;
    if (!element) return;
    const turn = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const at = { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
      zoom(Math.exp(-event.deltaY / 400), at);
    };
    element.addEventListener('wheel', turn, { passive: false });
    return () => element.removeEventListener('wheel', turn);
  });
}
