/** Collects what comes between two frames of the screen: it is shown at once, so it is one change. */
export class FrameBatch<T> {
  private items: T[] = [];
  private frame = 0;

  constructor(private readonly apply: (items: readonly T[]) => void) {}

  add(item: T): void {
    this.items.push(item);
    if (document.visibilityState === 'hidden') this.flush();
    else this.frame ||= requestAnimationFrame(() => this.flush());
  }

  /** Without waiting for the frame. */
  flush(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { items } = this;
    this.items = [];
    if (items.length > 0) this.apply(items);
  }
}
