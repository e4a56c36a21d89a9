import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react';
import type { Exchange } from './conversation.ts';

const FIRST = 30;
const MORE = 60;

interface Newest {
  newest: readonly Exchange[];
  /** For an element before them while there are earlier ones; they come when it is scrolled to. */
  earlier: ((element: Element | null) => (() => void) | undefined) | undefined;
}

/** Of a long chat the last messages: as many as were scrolled to, back to the one that made the picture shown. */
export function useNewest(
  exchanges: readonly Exchange[],
  shownId: string | null,
  list: RefObject<HTMLElement | null>,
): Newest {
  const [count, setCount] = useState(FIRST);
  const shownAt = exchanges.findIndex(({ reply }) => reply?.versionIds.includes(shownId ?? ''));
  const needed = shownAt < 0 ? count : Math.max(count, exchanges.length - shownAt);
  const fromEnd = useRef<number>(undefined);
  const earlier = useCallback(
    (element: Element | null) => {
      if (!element) return;
      const observer = new IntersectionObserver(([entry]) => {
        if (!entry?.isIntersecting || !list.current) return;
        fromEnd.current = list.current.scrollHeight - list.current.scrollTop;
        setCount((before) => before + MORE);
      });
      observer.observe(element);
      return () => observer.disconnect();
    },
    [list],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was on screen stays where it was when more come before it
  useLayoutEffect(() => {
    if (list.current && fromEnd.current !== undefined)
      list.current.scrollTop = list.current.scrollHeight - fromEnd.current;
    fromEnd.current = undefined;
  }, [count]);
  const isAll = needed >= exchanges.length;
  return {
    newest: isAll ? exchanges : exchanges.slice(-needed),
    earlier: isAll ? undefined : earlier,
  };
}
