import { type PointerEvent, useCallback, useEffect, useRef, useState } from 'react';

/** Scale 1 = the whole picture; x and y in shares of the picture, so that they fit pictures of any size. */
export interface View {
  scale: number;
  x: number;
  y: number;
}

const WHOLE: View = { scale: 1, x: 0, y: 0 };
const MOST = 16;

/** Wheel and buttons zoom, dragging moves. `place` is the CSS transform of that view. */
export function useLinkedZoom() {
  const [view, setView] = useState(WHOLE);
  const element = useRef<HTMLDivElement>(null);
  const zoom = useCallback(
    (factor: number) => setView((before) => kept({ ...before, scale: before.scale * factor })),
    [],
  );
  useEffect(() => {
    const stage = element.current;
    const turn = (event: WheelEvent) => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 400));
    };
    stage?.addEventListener('wheel', turn, { passive: false });
    return () => stage?.removeEventListener('wheel', turn);
  }, [zoom]);
  const drag = (event: PointerEvent<HTMLElement>) => {
    if (event.buttons !== 1) return;
    const { width, height } = event.currentTarget.getBoundingClientRect();
    const [x, y] = [(2 * event.movementX) / width, event.movementY / height];
    setView((before) => kept({ ...before, x: before.x + x, y: before.y + y }));
  };
  return {
    view,
    place: `translate(${view.x * 100}%, ${view.y * 100}%) scale(${view.scale})`,
    handlers: { ref: element, onPointerMove: drag },
    zoom,
    reset: () => setView(WHOLE),
  };
}

/** Never smaller than the whole, never moved past an edge. */
function kept({ scale, x, y }: View): View {
  const most = Math.min(MOST, Math.max(1, scale));
  const slack = (most - 1) / 2;
  const within = (value: number) => Math.min(slack, Math.max(-slack, value));
  return { scale: most, x: within(x), y: within(y) };
}
