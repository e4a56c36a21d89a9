import { type RefObject, useLayoutEffect, useState } from 'react';

/** So far beyond what is in sight things exist too, pixels; arrow keys find the next one there. */
const BEYOND = 800;
/** Scrolling is followed in steps of this, pixels. */
const STEP = 400;

interface Near {
  isNear(x: number, y: number): boolean;
  /** For the area's scroll event. */
  follow(): void;
}

/** What of a large plane is near the part in sight: only that much needs to be drawn. */
export function useNear(area: RefObject<HTMLElement | null>): Near {
  const [{ x, y }, setPlace] = useState({ x: 0, y: 0 });
  const [size, setSize] = useState({ width: 0, height: 0 });
  const follow = () => {
    if (!area.current) return;
    const next = { x: inSteps(area.current.scrollLeft), y: inSteps(area.current.scrollTop) };
    setPlace((before) => (before.x === next.x && before.y === next.y ? before : next));
  };
  useLayoutEffect(() => {
    if (!area.current) return;
    const element = area.current;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [area]);
  return {
    isNear: (left, top) =>
      Math.abs(left - x - size.width / 2) < size.width / 2 + BEYOND &&
      Math.abs(top - y - size.height / 2) < size.height / 2 + BEYOND,
    follow,
  };
}

const inSteps = (pixels: number): number => Math.round(pixels / STEP) * STEP;
