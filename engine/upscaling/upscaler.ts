/**
 * The enlarging network over its session, tile by tile. A tile sees as much around it as the network can, so the tiles
 * give what the whole picture would have given.
 */
import { throwIfCancelled } from '../errors.ts';
import type { Picture } from '../image/picture.ts';
import { levels, toPlanes } from '../image/planes.ts';
import { REACH_PIXELS, type UpscaleFactor } from '../models/upscaler/config.ts';
import { floatOutput, type Session } from '../runtime/session.ts';
import { assertFinite, type FloatTensor } from '../runtime/tensor.ts';
import { type Box, type Tile, tilesOf } from './tiles.ts';

const COLOURS = 3;
/** About a second of one core, and 8 MB between the layers. */
const TILE_SIDE = 128;
const TO_SHARE = levels((level) => level / 255);

export interface EnlargingStep {
  /** 1 to `tiles`. */
  tile: number;
  tiles: number;
  /** The finished tiles; elsewhere the source with its pixels repeated. The same picture goes on being filled. */
  picture: Picture;
}

export class Upscaler {
  /** @param session graph `upscaler-x<factor>` */
  constructor(
    readonly factor: UpscaleFactor,
    private readonly session: Session,
  ) {}

  /** @param side longest side of a tile in pixels of the source. @throws CancelledError between two tiles. */
  async *enlarge(source: Picture, signal?: AbortSignal, side = TILE_SIDE): AsyncGenerator<EnlargingStep> {
    const picture = repeatPixels(source, this.factor);
    const tiles = tilesOf(source, side, REACH_PIXELS);
    for (const [index, tile] of tiles.entries()) {
      throwIfCancelled(signal);
      const planes = toPlanes(cut(source, tile.seen), TO_SHARE);
      const enlarged = floatOutput(await this.session.run({ picture: planes }), 'enlarged');
      assertFinite(enlarged.data, 'The enlarging network');
      this.lay(enlarged, tile, picture);
      yield { tile: index + 1, tiles: tiles.length, picture };
    }
  }

  dispose = (): Promise<void> => this.session.dispose();

  /** The tile's core, as 8 bits, to its place. */
  private lay({ data, shape }: FloatTensor, { core, seen }: Tile, { width, pixels }: Picture): void {
    const [, , rows, columns] = shape as [number, number, number, number];
    const f = this.factor;
    const [left, top] = [(core.left - seen.left) * f, (core.top - seen.top) * f];
    for (let y = 0; y < core.height * f; y++) {
      for (let x = 0; x < core.width * f; x++) {
        const from = (top + y) * columns + left + x;
        const to = ((core.top * f + y) * width + core.left * f + x) * COLOURS;
        for (let c = 0; c < COLOURS; c++) pixels[to + c] = toLevel(data[c * rows * columns + from]!);
      }
    }
  }
}

const toLevel = (share: number): number => Math.min(255, Math.max(0, Math.floor(share * 255 + 0.5)));

function cut({ width, pixels }: Picture, box: Box): Picture {
  const part = new Uint8Array(box.width * box.height * COLOURS);
  for (let y = 0; y < box.height; y++) {
    const from = ((box.top + y) * width + box.left) * COLOURS;
    part.set(pixels.subarray(from, from + box.width * COLOURS), y * box.width * COLOURS);
  }
  return { width: box.width, height: box.height, pixels: part };
}

function repeatPixels({ width, height, pixels }: Picture, factor: number): Picture {
  const row = width * factor * COLOURS;
  const repeated = new Uint8Array(row * height * factor);
  for (let y = 0; y < height; y++) {
    const first = y * factor * row;
    for (let x = 0; x < width * factor; x++) {
      const from = (y * width + Math.floor(x / factor)) * COLOURS;
      for (let c = 0; c < COLOURS; c++) repeated[first + x * COLOURS + c] = pixels[from + c]!;
    }
    for (let i = 1; i < factor; i++) repeated.copyWithin(first + i * row, first, first + row);
  }
  return { width: width * factor, height: height * factor, pixels: repeated };
}
