/** What is measured on slices of the published widths: a prompt read, tokens decoded, a step denoised, latents decoded. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LanguageModel, LanguageModelRun, RowOutput } from '../../engine/decoding/language-model.ts';
import type { VaeDecoder } from '../../engine/diffusion/latents.ts';
import type { DiffusionModel } from '../../engine/diffusion/model.ts';
import { compileCheckpoint } from '../../engine/hub/compile.ts';
import { type FloatTensor, floatTensor } from '../../engine/runtime/tensor.ts';
import type { Slice } from './published.ts';
import { SHORT_RUN, synthesize } from './synthesize.ts';

export const PROMPT_TOKENS = 1_024;
export const DECODED = 8;
export const BATCH = 2;
export const CONTEXT = 190;
export const PATCHES = 32;
export const PIXELS = 512;

/** Text decoder (generation experts in its second half) and diffusion transformer of that many layers. */
export const sliceOf = (layers: number): Slice => ({
  ...{ textLayers: layers, expertsFrom: Math.floor(layers / 2), transformerLayers: layers },
  ...{ visionLayers: 1, tokenizerLayers: 1 },
});

/** Checkpoint folders of a slice: its own numbers, and the compiled copy. */
export interface SliceFolders {
  source: string;
  compiled: string;
}

/** @param change makes the small checkpoint's config the slice's. The folders are gone when it resolves. */
export async function withSlice<T>(
  change: Parameters<typeof synthesize>[1],
  use: (folders: SliceFolders) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tusk-slice-'));
  try {
    const folders = { source: join(folder, 'source'), compiled: join(folder, 'compiled') };
    await synthesize(folders.source, change, SHORT_RUN, 'BF16');
    await compileCheckpoint({ source: folders.source, folder: folders.compiled });
    return await use(folders);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** As the driver's. */
export const promptIds = (count: number): number[] => Array.from({ length: count }, (_, i) => i % 100);

export function waves(shape: readonly number[]): FloatTensor {
  const count = shape.reduce((n, d) => n * d, 1);
  return floatTensor(
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.37)),
    shape,
  );
}

export async function readPrompt(languageModel: LanguageModel): Promise<RowOutput> {
  const run = languageModel.start();
  try {
    const [output] = await run.prefill([{ ids: promptIds(PROMPT_TOKENS) }], { logits: 1, heads: 'text' });
    return output!;
  } finally {
    run.dispose();
  }
}

/** A batch with the prompt behind it. Dispose it. */
export async function beginDecoding(languageModel: LanguageModel): Promise<LanguageModelRun> {
  const read = languageModel.start();
  await read.prefill([{ ids: promptIds(PROMPT_TOKENS) }]);
  const run = read.fork(new Array<number>(BATCH).fill(0));
  read.dispose();
  return run;
}

/** A visual token in each row. */
export const decodeToken = ({ shape }: LanguageModel, run: LanguageModelRun): Promise<RowOutput[]> =>
  run.step(new Array(BATCH).fill([shape.generationStart + 8]), { logits: 1, heads: 'generation' });

/** One step of one branch: what a denoising run repeats. @param width of the text states */
export async function denoisingStep(
  diffusion: DiffusionModel,
  width: number,
): Promise<() => Promise<FloatTensor>> {
  const side = PATCHES * diffusion.sizes.patch;
  const text = waves([CONTEXT, width]);
  const prepared = await diffusion.prepare({ text }, [], { rows: side, columns: side });
  const modulation = await prepared.modulate(Float32Array.of(0.5));
  const latents = waves(prepared.shape);
  return async () => prepared.velocity('conditional', await prepared.beginStep(latents, modulation, 0));
}

export function decodePicture(vaeDecoder: VaeDecoder): Promise<FloatTensor> {
  const { latentChannels, pixels } = vaeDecoder.sizes;
  return vaeDecoder.decode(waves([1, latentChannels, PIXELS / pixels, PIXELS / pixels]));
}
