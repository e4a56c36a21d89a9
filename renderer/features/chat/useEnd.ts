import { type RefObject, useEffect, useRef } from 'react';

/** So near its end a list counts as read to the end, pixels. */
const NEAR_END = 48;

/** A new message scrolls to the end; who reads there stays there while the last answer or what stands below grows. */
export function useEnd(list: RefObject<HTMLElement | null>, count: number): void {
  const isAtEnd = useRef(true);
  useEffect(() => {
    const element = list.current;
    if (!element || count === 0) return;
    const toEnd = () => {
      element.scrollTop = element.scrollHeight;
    };
    const follow = () => {
      isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
    };
    toEnd();
    const observer = new ResizeObserver(() => isAtEnd.current && toEnd());
    for (const watched of [element, element.lastElementChild]) if (watched) observer.observe(watched);
    element.addEventListener('scroll', follow, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', follow);
    };
  }, [list, count]);
}
