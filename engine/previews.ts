/** Small pictures of work in progress. */
import { finishedRows, type VisualTokenizer } from './decoding/visual-tokenizer.ts';
import type { LatentColours } from './diffusion/previews.ts';
import { encodePreview } from './image/encode.ts';
import type { Picture } from './image/picture.ts';
import { fromPlanes } from './image/planes.ts';
import { resize } from './image/resize.ts';
import type { PictureFile } from './protocol.ts';
import type { FloatTensor } from './runtime/tensor.ts';
import type { PixelSize, PlanGrid } from './settings.ts';

const MOST_PIXELS = 256;
/** Nobody sees more than these in a second, and a network has to make each of a plan's. */
const MOST_A_SECOND = 25;
const MOST_ENLARGED_PIXELS = 1_024;
/** JPEG spoils pictures of few pixels and saves nothing there. */
const PNG_UP_TO_PIXELS = 128;

/**
 * Leaves out previews of a plan that come too soon after the last one; the first is always made. Those of the steps are
 * all made: they become the film of the picture.
 */
export class PreviewPace {
  private nextMs = 0;

  /** @param make resolves to undefined where there is nothing to show yet */
  async show<T>(make: () => Promise<T | undefined>): Promise<T | undefined> {
    if (performance.now() < this.nextMs) return undefined;
    const shown = await make();
    if (shown) this.nextMs = performance.now() + 1_000 / MOST_A_SECOND;
    return shown;
  }
}

/**
 * The finished rows of a plan as a coarse picture, in the shape of the part of the picture they stand for; undefined
 * before there is enough to decode.
 * @param size of the finished picture
 */
export async function planPreview(
  tokenizer: VisualTokenizer,
  ids: readonly number[],
  { grid, size, firstVisualId }: { grid: PlanGrid; size: PixelSize; firstVisualId: number },
): Promise<PictureFile | undefined> {
  const finished = finishedRows(ids, grid.columns, firstVisualId, tokenizer.codebookSize);
  if (finished.codes.length < 2) return undefined;
  const squares = fromPlanes(await tokenizer.decode(finished));
  return small(squares, size.width / grid.columns / (size.height / grid.rows));
}

/** What the picture would become, one pixel for each of its latents. @param size of the finished picture */
export function stepPreview(
  colours: LatentColours,
  estimate: FloatTensor,
  size: PixelSize,
): Promise<PictureFile> {
  const pixels = fromPlanes(colours.render(estimate));
  return small(pixels, size.width / pixels.width / (size.height / pixels.height));
}

/** A picture being enlarged: large enough that what the tiles add can be seen. */
export const enlargingPreview = (picture: Picture): Promise<PictureFile> =>
  fitted(picture, MOST_ENLARGED_PIXELS);

/** @param aspect width to height of what a square of `squares` stands for: the side that falls short grows. */
function small(squares: Picture, aspect: number): Promise<PictureFile> {
  const width = Math.round(squares.width * Math.max(1, aspect));
  const height = Math.round(squares.height * Math.max(1, 1 / aspect));
  return fitted(resize(squares, { width, height }, 'bicubic'), MOST_PIXELS);
}

async function fitted(picture: Picture, mostPixels: number): Promise<PictureFile> {
  const longer = Math.max(picture.width, picture.height);
  const format = longer <= PNG_UP_TO_PIXELS ? 'png' : 'jpeg';
  const bytes = await encodePreview(picture, mostPixels, format);
  const scale = Math.min(1, mostPixels / longer);
  const [width, height] = [picture.width, picture.height].map((side) =>
    Math.max(1, Math.round(side * scale)),
  );
  return { mediaType: `image/${format}`, width: width!, height: height!, bytes };
}
