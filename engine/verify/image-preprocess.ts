/** Pictures to the inputs of the networks, and the decoded picture to 8 bits. */
import { join } from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { TuskError } from '../errors.ts';
import { readPicture } from '../image/decode.ts';
import { referenceInput, vaeInput, visualTokenizerInput } from '../image/generation-input.ts';
import type { Picture, Size } from '../image/picture.ts';
import { fromPlanes } from '../image/planes.ts';
import { fetchSize, processorSize, vaeSize } from '../image/sizes.ts';
import { parseProcessorConfig, visionInput } from '../image/vision-input.ts';
import type { Tensor } from '../runtime/tensor.ts';
import type { ParityCase, StageOutputs } from './case.ts';

const KINDS: Record<string, (parityCase: ParityCase) => Promise<StageOutputs>> = {
  vision,
  reference,
  lanczos: async (parityCase) => {
    const { picture, planes } = vaeInput(await source(parityCase));
    return { tensors: { 'mid.resized': pictureTensor(picture), 'out.vae_input': planes } };
  },
  gen: async (parityCase) => {
    const { picture, planes } = visualTokenizerInput(await source(parityCase));
    return { tensors: { 'mid.fetched': pictureTensor(picture), 'out.gen_pixel_values': planes } };
  },
  postprocess: async (parityCase) => {
    return { tensors: { 'out.picture': pictureTensor(fromPlanes(await parityCase.floats('in.image'))) } };
  },
  sizes: async (parityCase) => sizes(parityCase),
};

export async function run(parityCase: ParityCase): Promise<StageOutputs> {
  const kind = KINDS[String(parityCase.params.kind)];
  if (!kind) throw new TuskError('bad-request', `Unknown kind of picture case: ${parityCase.params.kind}.`);
  return kind(parityCase);
}

async function vision(parityCase: ParityCase): Promise<StageOutputs> {
  const checkpoint = await Checkpoint.open(join(parityCase.variant, 'checkpoint'));
  const config = parseProcessorConfig(await checkpoint.readJson('preprocessor_config.json'));
  const picture = await source(parityCase);
  const { fetched, resized, pixelValues, grid } = visionInput(picture, config);
  const rows = (parityCase.params.rows as number | null) ?? pixelValues.shape[0]!;
  const length = pixelValues.shape[1]!;
  return {
    tensors: {
      'mid.rgb': pictureTensor(picture),
      'mid.fetched': pictureTensor(fetched),
      'mid.resized': pictureTensor(resized),
      'out.pixel_values': {
        type: 'float32',
        shape: [rows, length],
        data: pixelValues.data.subarray(0, rows * length),
      },
      'out.image_grid_thw': { type: 'int32', shape: [1, 3], data: Int32Array.from(grid) },
    },
  };
}

async function reference(parityCase: ParityCase): Promise<StageOutputs> {
  const maxPixels = parityCase.params.max_pixels as number | undefined;
  const { picture, planes } = referenceInput(await source(parityCase), maxPixels);
  return { tensors: { 'mid.fetched': pictureTensor(picture), 'out.vae_input': planes } };
}

/** Rows of a size table hold the inputs, then height and width. */
function sizes(parityCase: ParityCase): StageOutputs {
  const rows = (name: string, sizeOf: (size: Size, rest: number[]) => Size) =>
    (parityCase.result[name] as number[][]).map((row) => {
      const [height, width, ...rest] = row.slice(0, -2) as [number, number, ...number[]];
      const target = sizeOf({ height, width }, rest);
      return [height, width, ...rest, target.height, target.width];
    });
  const result: Record<string, unknown> = {
    smart_resize: rows('smart_resize', (size, [factor]) => fetchSize(size, factor!)),
    smart_resize_limited: rows('smart_resize_limited', (size, [factor, min, max]) =>
      fetchSize(size, factor!, { min: min!, max: max! }),
    ),
    processor_resize: rows('processor_resize', (size, [factor, min, max]) =>
      processorSize(size, factor!, { min: min!, max: max! }),
    ),
    vae: rows('vae', (size) => vaeSize(size)),
  };
  for (const [name, value] of Object.entries(parityCase.result)) {
    if (name.endsWith('_columns')) result[name] = value;
  }
  return { tensors: {}, result };
}

async function source(parityCase: ParityCase): Promise<Picture> {
  return readPicture(parityCase.picturePath(String(parityCase.params.picture)));
}

function pictureTensor({ height, width, pixels }: Picture): Tensor {
  return { type: 'uint8', shape: [height, width, 3], data: pixels };
}
