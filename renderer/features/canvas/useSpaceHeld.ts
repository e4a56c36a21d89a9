import { type RefObject, useEffect, useState } from 'react';

/** True while Space is held over the element: a drag moves the picture, whatever the tool. */
export function useSpaceHeld(area: RefObject<HTMLElement | null>): boolean {
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== ' ' || isTyping(event.target) || !area.current?.matches(':hover')) return;
      event.preventDefault();
      setHeld(true);
    };
    const release = (event: KeyboardEvent) => event.key === ' ' && setHeld(false);
    const leave = () => setHeld(false);
    window.addEventListener('keydown', press, true);
    window.addEventListener('keyup', release, true);
    window.addEventListener('blur', leave);
    return () => {
      window.removeEventListener('keydown', press, true);
      window.removeEventListener('keyup', release, true);
      window.removeEventListener('blur', leave);
    };
  }, [area]);
  return isHeld;
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input, textarea, select');
