/** How much is there and how fast it comes, told a few times a second. */
import type { DownloadProgress } from './download.ts';

const TELL_EVERY_MS = 250;
const WINDOW_MS = 5_000;

export class Pace {
  private told = 0;
  private readonly samples: { at: number; bytes: number }[] = [];

  constructor(
    private doneBytes: number,
    private readonly totalBytes: number,
    private readonly onProgress: ((progress: DownloadProgress) => void) | undefined,
  ) {
    this.samples.push({ at: performance.now(), bytes: doneBytes });
  }

  add = (bytes: number): void => {
    this.doneBytes += bytes;
    if (performance.now() - this.told >= TELL_EVERY_MS) this.tell();
  };

  tell(): void {
    const now = performance.now();
    this.told = now;
    this.samples.push({ at: now, bytes: this.doneBytes });
    while (this.samples.length > 2 && now - this.samples[1]!.at > WINDOW_MS) this.samples.shift();
    const { at, bytes } = this.samples[0]!;
    const seconds = (now - at) / 1_000;
    const bytesPerSecond = seconds > 0 ? Math.max(0, this.doneBytes - bytes) / seconds : 0;
    this.onProgress?.({ doneBytes: this.doneBytes, totalBytes: this.totalBytes, bytesPerSecond });
  }
}
