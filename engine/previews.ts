/** Small pictures of work in progress. */
import { finishedRows, type VisualTokenizer } from './decoding/visual-tokenizer.ts';
import type { LatentColours } from './diffusion/previews.ts';
import { encodePreview } from './image/encode.ts';
import type { Picture } from './image/picture.ts';
import { fromPlanes } from './image/planes.ts';
import type { PictureFile } from './protocol.ts';
import type { FloatTensor } from './runtime/tensor.ts';

const MOST_PIXELS = 256;
const MOST_ENLARGED_PIXELS = 1_024;
/** JPEG spoils pictures of few pixels and saves nothing there. */
const PNG_UP_TO_PIXELS = 128;

/** The finished rows of a plan as a coarse picture; undefined before there is enough to decode. */
export async function planPreview(
  tokenizer: VisualTokenizer,
  ids: readonly number[],
  columns: number,
  firstVisualId: number,
): Promise<PictureFile | undefined> {
  const grid = finishedRows(ids, columns, firstVisualId, tokenizer.codebookSize);
  if (grid.codes.length < 2) return undefined;
  return small(await tokenizer.decode(grid));
}

/** What the picture would become, one pixel for each of its latents. */
export const stepPreview = (colours: LatentColours, estimate: FloatTensor): Promise<PictureFile> =>
  small(colours.render(estimate));

/** A picture being enlarged: large enough that what the tiles add can be seen. */
export const enlargingPreview = (picture: Picture): Promise<PictureFile> =>
  fitted(picture, MOST_ENLARGED_PIXELS);

const small = (planes: FloatTensor): Promise<PictureFile> => fitted(fromPlanes(planes), MOST_PIXELS);

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
