/**
 * A picture and an instruction to a new picture: look at the pictures, plan, denoise with their latents as
 * references, decode. The last picture is the one that changes; the new one has its size.
 */
import type { LanguageModel } from './decoding/language-model.ts';
import { drawsOf } from './draws.ts';
import { throwIfCancelled } from './errors.ts';
import { layBack } from './image/drift.ts';
import type { Picture } from './image/picture.ts';
import { asSeen, byKey, fitReference, readSource, type SourcePicture } from './picture-sources.ts';
import {
  beginPictures,
  type LaidBack,
  makePictures,
  networksFor,
  type Observer,
  type PictureJob,
  planningNetworks,
} from './picture-stages.ts';
import type { Params, PictureResult, RequestContext } from './protocol.ts';
import type { FloatTensor } from './runtime/tensor.ts';
import { pictureSettings, planGrid } from './settings.ts';
import { StageClock } from './stage-clock.ts';
import type { Workbench } from './workbench.ts';

/**
 * @throws CancelledError between two tokens or steps; TuskError `bad-picture`, `not-found`, `bad-setting`,
 *   `non-finite` naming the stage, and those of the checkpoint's files
 */
export async function edit(
  bench: Workbench,
  params: Params<'edit'>,
  context: RequestContext,
  observer: Observer = {},
): Promise<PictureResult> {
  const clock = new StageClock();
  const { files } = bench.model;
  const settings = pictureSettings(bench.model, params);
  const draws = observer.draws ?? (await drawsOf(params.replay));
  const given = await Promise.all(params.pictures.map(readSource));
  const sources = given.map(({ key, picture }) => ({ key, picture: asSeen(files, picture) }));
  const references = sources.map(({ picture }) => fitReference(files, picture));
  const { width, height } = references.at(-1)!.picture;
  const size = { width, height };
  const laidBack = laidOnto(given.at(-1)!.picture, sources.at(-1)!.picture);
  const grid = params.grid ?? planGrid(files, size);
  const { images, previews, resume } = params;
  const asked = {
    verb: 'edit' as const,
    prompt: params.instruction,
    sources: sources.map(({ key }) => key),
  };
  const job: PictureJob = {
    ...{ bench, context, clock, draws, observer, settings, size, grid, previews, images },
    ...{ asked, resume, ...(laidBack && { laidBack }) },
  };
  const holding = await beginPictures(job, params.memory);
  const planes = references.map((reference) => reference.planes);
  const { languageModel } = await planningNetworks(job);
  const prompt = await clock.time('readMs', () =>
    readPrompt(job, languageModel, params.instruction, sources),
  );
  if (holding === 'staged') await languageModel.freeVision();
  const { pictures, tokens } = await makePictures(job, prompt, (image) =>
    encodeReferences(job, planes, settings.seed + image),
  );
  return { pictures, timings: clock.timings(), tokens };
}

/** Of a picture that the model saw at another size. What it changed goes onto the picture as it is. */
function laidOnto(source: Picture, seen: Picture): LaidBack | undefined {
  const { width, height } = source;
  if (width === seen.width && height === seen.height) return undefined;
  return { size: { width, height }, onto: (painted) => layBack(source, seen, painted) };
}

async function readPrompt(
  job: PictureJob,
  languageModel: LanguageModel,
  instruction: string,
  sources: readonly SourcePicture[],
) {
  const { rows, columns } = job.grid;
  const pictures = sources.map(({ key }) => ({ type: 'image', image: key, image_gen: key }));
  const content = [...pictures, { type: 'text', text: instruction }];
  const messages = [{ role: 'user', content }] as const;
  job.context.emit({ event: 'reading', tokens: 0, pictures: sources.length });
  const generate = { height: rows, width: columns };
  const prompt = await job.bench.reader(languageModel).read(messages, byKey(sources), { generate });
  throwIfCancelled(job.context.signal);
  job.observer.prompt?.(prompt.text);
  job.context.emit({ event: 'reading', tokens: prompt.ids.length, pictures: sources.length });
  return prompt;
}

async function encodeReferences(
  job: PictureJob,
  planes: readonly FloatTensor[],
  seed: number,
): Promise<FloatTensor[]> {
  const { vaeEncoder } = await networksFor(job, ['vaeEncoder']);
  const encoded: FloatTensor[] = [];
  for (const [index, image] of planes.entries()) {
    throwIfCancelled(job.context.signal);
    const posterior = await job.clock.time('stepsMs', () => vaeEncoder.posterior(image));
    encoded.push(vaeEncoder.sample(posterior, job.draws.posterior(seed, index, posterior.mean.shape)));
  }
  return encoded;
}
