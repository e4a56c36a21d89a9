/** What the vision encoder reads: two resizes, then patches. */
import { z } from 'zod';
import { TuskError } from '../errors.ts';
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';
import type { Picture } from './picture.ts';
import { levels } from './planes.ts';
import { resize } from './resize.ts';
import { fetchSize, processorSize } from './sizes.ts';

/** Factor of the first resize, whatever the encoder's patch size. */
const FETCH_FACTOR = 28;
const BICUBIC = 3;
const { fround } = Math;

const side = z.number().int().min(1).max(256);
const channels = z.array(z.number()).length(3);
const on = z.literal(true).default(true);

const processorSchema = z.object({
  /** Pixel counts. */
  size: z
    .object({ shortest_edge: z.number().positive(), longest_edge: z.number().positive() })
    .default({ shortest_edge: 56 * 56, longest_edge: 28 * 28 * 1280 }),
  min_pixels: z.number().positive().nullish(),
  max_pixels: z.number().positive().nullish(),
  patch_size: side.default(14),
  temporal_patch_size: side.default(2),
  merge_size: side.default(2),
  image_mean: channels.default([0.48145466, 0.4578275, 0.40821073]),
  image_std: channels.default([0.26862954, 0.26130258, 0.27577711]),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  resample: z.literal(BICUBIC).default(BICUBIC),
  do_resize: on,
  do_rescale: on,
  do_normalize: on,
});

export type ProcessorConfig = z.infer<typeof processorSchema>;

/** @param raw preprocessor_config.json. @throws TuskError `checkpoint-unsupported` naming the key. */
export function parseProcessorConfig(raw: unknown): ProcessorConfig {
  const parsed = processorSchema.safeParse(raw ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new TuskError(
    'checkpoint-unsupported',
    `preprocessor_config.json: ${issue.path.join('.')}: ${issue.message}.`,
    { cause: parsed.error, hint: 'Tusk prepares pictures as the Qwen2-VL processor does.' },
  );
}

export interface VisionInput {
  fetched: Picture;
  resized: Picture;
  /** [patches, 3 * temporal_patch_size * patch_size²], ordered by merged block. */
  pixelValues: FloatTensor;
  /** Frames, rows and columns of patches. */
  grid: [1, number, number];
  /** Tokens the picture takes in the prompt: patches / merge_size². */
  tokens: number;
}

/** @throws TuskError `bad-picture` if the picture is too long and thin. */
export function visionInput(picture: Picture, config: ProcessorConfig): VisionInput {
  const fetched = resize(picture, fetchSize(picture, FETCH_FACTOR), 'bicubic');
  const { patch_size, merge_size, size } = config;
  const limits = {
    min: config.min_pixels ?? size.shortest_edge,
    max: config.max_pixels ?? size.longest_edge,
  };
  const resized = resize(fetched, processorSize(fetched, patch_size * merge_size, limits), 'bicubic');
  const grid: [1, number, number] = [1, resized.height / patch_size, resized.width / patch_size];
  const tokens = (grid[1] * grid[2]) / merge_size ** 2;
  return { fetched, resized, pixelValues: toPatches(resized, config), grid, tokens };
}

/** Rows: block row, block column, row in block, column in block. A row: channel, frame, y, x; frames are equal. */
function toPatches(picture: Picture, config: ProcessorConfig): FloatTensor {
  const { patch_size: patch, merge_size: merge, temporal_patch_size: frames } = config;
  const tables = [0, 1, 2].map((c) => normalized(config, c));
  const rows = picture.height / patch;
  const columns = picture.width / patch;
  const length = 3 * frames * patch ** 2;
  const data = new Float32Array(rows * columns * length);
  let out = 0;
  for (const [row, column] of mergedOrder(rows, columns, merge)) {
    for (let c = 0; c < 3; c++) {
      const start = out;
      for (let y = row * patch; y < (row + 1) * patch; y++) {
        const from = (y * picture.width + column * patch) * 3 + c;
        for (let x = 0; x < patch; x++) data[out++] = tables[c]![picture.pixels[from + x * 3]!]!;
      }
      for (let frame = 1; frame < frames; frame++, out += patch ** 2)
        data.copyWithin(out, start, start + patch ** 2);
    }
  }
  return floatTensor(data, [rows * columns, length]);
}

function* mergedOrder(
  rows: number,
  columns: number,
  merge: number,
): Generator<[row: number, column: number]> {
  for (let top = 0; top < rows; top += merge) {
    for (let left = 0; left < columns; left += merge) {
      for (let row = top; row < top + merge; row++) {
        for (let column = left; column < left + merge; column++) yield [row, column];
      }
    }
  }
}

function normalized(
  { rescale_factor, image_mean, image_std }: ProcessorConfig,
  channel: number,
): Float32Array {
  const mean = fround(image_mean[channel]!);
  const deviation = fround(image_std[channel]!);
  return levels((level) => fround(fround(level * rescale_factor) - mean) / deviation);
}
