/** Small pictures of work in progress. */
import { finishedRows, type VisualTokenizer } from './decoding/visual-tokenizer.ts';
import type { VaeDecoder } from './diffusion/latents.ts';
import { encodePreview } from './image/encode.ts';
import { fromPlanes } from './image/planes.ts';
import type { PictureFile } from './protocol.ts';
import type { FloatTensor } from './runtime/tensor.ts';

const PREVIEW_PIXELS = 256;

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

/** What the picture would become, from the estimate of its finished latents: one pixel for each latent pixel. */
export async function stepPreview(decoder: VaeDecoder, estimate: FloatTensor): Promise<PictureFile> {
  return small(await decoder.preview(estimate));
}

async function small(planes: FloatTensor): Promise<PictureFile> {
  const picture = fromPlanes(planes);
  const bytes = await encodePreview(picture, PREVIEW_PIXELS);
  const scale = Math.min(1, PREVIEW_PIXELS / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map((side) =>
    Math.max(1, Math.round(side * scale)),
  );
  return { mediaType: 'image/jpeg', width: width!, height: height!, bytes };
}
