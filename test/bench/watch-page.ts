/** What runs inside the page to measure it: its long tasks, when previews appear, and a few things done by hand. */

export interface PageFigures {
  /** Which preview (counted from the last reading) came to the screen, and when (milliseconds since 1970). */
  shown: { order: number; at: number }[];
  longestTaskMs: number;
}

interface Figures {
  /** What was seen since the last call. */
  take(): PageFigures;
  /** @returns milliseconds from a click on the button until all such elements in view have their pictures. */
  clickUntilPictures(button: string, elements: string): Promise<number>;
  /** @returns milliseconds from typing until the pictures found are on the screen. */
  searchUntilShown(words: string): Promise<number>;
  /** @returns frames a second while it scrolls for that long. */
  scroll(element: string, forMs: number): Promise<number>;
}

declare global {
  interface Window {
    figures: Figures;
  }
}

/** Sent to the page as text: it refers to nothing outside itself. */
export function watchPage(): void {
  const now = () => performance.timeOrigin + performance.now();
  const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
  let previews: string[] = [];
  let shown: PageFigures['shown'] = [];
  let longestTaskMs = 0;

  const makeUrl = URL.createObjectURL.bind(URL);
  URL.createObjectURL = (blob) => {
    const url = makeUrl(blob);
    previews.push(url);
    return url;
  };
  const see = async (image: HTMLImageElement) => {
    const order = previews.indexOf(image.src);
    if (order < 0) return;
    const isDecoded = await image
      .decode()
      .then(() => true)
      .catch(() => false);
    await frame();
    if (isDecoded && !shown.some((known) => known.order === order)) shown.push({ order, at: now() });
  };
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        if (node instanceof Element)
          for (const image of [node, ...node.querySelectorAll('img')])
            if (image instanceof HTMLImageElement) void see(image);
  }).observe(document, { childList: true, subtree: true });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestTaskMs = Math.max(longestTaskMs, duration);
  }).observe({ type: 'longtask' });

  /** Of many elements the last: looking at all of them would be most of what is measured. */
  const LOOKED_AT = 60;
  const inView = (element: Element) => {
    const { top, bottom, width } = element.getBoundingClientRect();
    return width > 0 && bottom > 0 && top < innerHeight;
  };
  const haveAllPictures = (elements: string) => {
    const seen = [...document.querySelectorAll(elements)].slice(-LOOKED_AT).filter(inView);
    const isThere = (element: Element) => {
      const images = [...element.querySelectorAll('img')].filter(inView);
      return images.every(({ complete, naturalWidth }) => complete && naturalWidth > 0);
    };
    const withPictures = seen.filter((element) => element.querySelector('img'));
    return seen.length > 0 && withPictures.length > 0 && seen.every(isThere);
  };
  const untilTrue = async (holds: () => boolean) => {
    const from = performance.now();
    while (!holds()) {
      if (performance.now() - from > 20_000) throw new Error('never shown');
      await frame();
    }
    await frame();
    return performance.now() - from;
  };

  window.figures = {
    take() {
      const seen = { shown, longestTaskMs };
      previews = [];
      shown = [];
      longestTaskMs = 0;
      return seen;
    },
    clickUntilPictures(button, elements) {
      const wanted = [...document.querySelectorAll('button')].find(
        (candidate) =>
          candidate.getAttribute('aria-label') === button || candidate.textContent?.includes(button),
      );
      if (!wanted) throw new Error(`no button ${button}`);
      wanted.click();
      return untilTrue(() => haveAllPictures(elements));
    },
    async searchUntilShown(words) {
      const field = document.querySelector<HTMLInputElement>('input[type=search]');
      const count = document.querySelector('.library-count');
      if (!field || !count) throw new Error('no search field');
      const before = count.textContent;
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(field, words);
      field.dispatchEvent(new Event('input', { bubbles: true }));
      return untilTrue(() => count.textContent !== before && haveAllPictures('.library-tile'));
    },
    async scroll(element, forMs) {
      const scroller = document.querySelector(element);
      if (!scroller) throw new Error(`no ${element}`);
      const from = await frame();
      let frames = 0;
      for (let at = from; at - from < forMs; at = await frame()) {
        scroller.scrollTop += 24;
        frames += 1;
      }
      return (frames * 1_000) / forMs;
    },
  };
}
