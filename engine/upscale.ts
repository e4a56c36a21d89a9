/** A picture to the same one enlarged: tile by tile, each told with the picture so far. */
import { TuskError, throwIfCancelled } from './errors.ts';
import { isMarkedAsMade } from './image/encode.ts';
import { encodePng } from './image/transform.ts';
import { loadUpscaler } from './load-upscaler.ts';
import { readSource, sourceBytes } from './picture-sources.ts';
import { enlargingPreview } from './previews.ts';
import { LIMITS, type Params, type RequestContext, type UpscaleResult } from './protocol.ts';
import type { SessionOptions } from './runtime/session.ts';
import type { Upscaler } from './upscaling/upscaler.ts';

type Factor = Params<'upscale'>['factor'];

/** @throws CancelledError between two tiles; TuskError `bad-picture`, `not-found`, `bad-setting` if it would be too large */
export async function upscale(
  shelf: UpscalerShelf,
  { picture: source, factor, weights, previews }: Params<'upscale'>,
  { emit, signal }: RequestContext,
): Promise<UpscaleResult> {
  const startedAt = performance.now();
  const { picture } = await readSource(source);
  assertEnlargeable(picture, factor);
  emit({ event: 'loading', what: 'the enlarging network', part: 1, parts: 1 });
  const upscaler = await shelf.get(factor, weights);
  const loadMs = performance.now() - startedAt;
  let enlarged = picture;
  for await (const step of upscaler.enlarge(picture, signal)) {
    enlarged = step.picture;
    const preview = previews && (await enlargingPreview(enlarged));
    emit({ event: 'tile', tile: step.tile, tiles: step.tiles, ...(preview && { preview }) });
  }
  throwIfCancelled(signal);
  const { width, height } = enlarged;
  const bytes = await encodePng(enlarged, isMarkedAsMade(await sourceBytes(source)));
  const file = { mediaType: 'image/png' as const, width, height, bytes };
  return { picture: file, loadMs, totalMs: performance.now() - startedAt };
}

function assertEnlargeable({ width, height }: { width: number; height: number }, factor: Factor): void {
  const [wide, high] = [width * factor, height * factor];
  if (wide * high <= LIMITS.enlargedPixels) return;
  const most = Math.floor(LIMITS.enlargedPixels / 1e6);
  throw new TuskError('bad-setting', `Enlarged, the picture would have ${wide} x ${high} pixels.`, {
    hint: `At most ${most} million are made: enlarge it less, or crop it first.`,
  });
}

/** The network of the last factor asked for stays ready. */
export class UpscalerShelf {
  private ready: { upscaler: Upscaler; weights: string | undefined } | undefined;

  constructor(private readonly options: SessionOptions) {}

  async get(factor: Factor, weights: string | undefined): Promise<Upscaler> {
    const { ready } = this;
    if (ready?.upscaler.factor === factor && ready.weights === weights) return ready.upscaler;
    const upscaler = await loadUpscaler(factor, weights, this.options);
    this.ready = { upscaler, weights };
    await ready?.upscaler.dispose();
    return upscaler;
  }
}
