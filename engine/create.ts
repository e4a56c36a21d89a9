/** Words to a picture: read the prompt, plan visual tokens, denoise under the plan's states, decode. */
import type { LanguageModel } from './decoding/language-model.ts';
import { drawsOf } from './draws.ts';
import {
  beginPictures,
  makePictures,
  type Observer,
  type PictureJob,
  planningNetworks,
} from './picture-stages.ts';
import type { Params, PictureResult, RequestContext } from './protocol.ts';
import { assertSize, defaultSize, type PixelSize, pictureSettings, planGrid } from './settings.ts';
import { StageClock } from './stage-clock.ts';
import type { Workbench } from './workbench.ts';

/**
 * @throws CancelledError between two tokens or steps; TuskError `bad-setting` for a size or preset the model can't
 *   do, `non-finite` naming the stage, and those of the checkpoint's files
 */
export async function create(
  bench: Workbench,
  params: Params<'create'>,
  context: RequestContext,
  observer: Observer = {},
): Promise<PictureResult> {
  const clock = new StageClock();
  const { files } = bench.model;
  const settings = pictureSettings(bench.model, params);
  const draws = observer.draws ?? (await drawsOf(params.replay));
  const size = params.size ?? replayedSize(files, draws.noiseShape) ?? defaultSize(files);
  assertSize(files, size);
  const grid = params.grid ?? planGrid(files, size);
  const { images, previews, resume } = params;
  const asked = { verb: 'create' as const, prompt: params.prompt, sources: [] };
  const job: PictureJob = {
    ...{ bench, context, clock, draws, observer, settings, size, grid, previews, images },
    ...{ asked, resume },
  };
  await beginPictures(job, params.memory);
  const { languageModel } = await planningNetworks(job);
  const prompt = await clock.time('readMs', () => readPrompt(job, languageModel, params.prompt));
  const { pictures, tokens } = await makePictures(job, prompt, async () => []);
  return { pictures, timings: clock.timings(), tokens };
}

async function readPrompt(job: PictureJob, languageModel: LanguageModel, text: string) {
  const { rows, columns } = job.grid;
  const messages = [{ role: 'user', content: [{ type: 'text', text }] }] as const;
  const nothing = () => {
    throw new Error('A prompt without pictures asked for one.');
  };
  const generate = { height: rows, width: columns };
  const prompt = await job.bench.reader(languageModel).read(messages, nothing, { generate });
  job.observer.prompt?.(prompt.text);
  job.context.emit({ event: 'reading', tokens: prompt.ids.length, pictures: 0 });
  return prompt;
}

/** The size that noise of a dump was drawn for. */
function replayedSize(
  files: Workbench['model']['files'],
  noiseShape: readonly number[] | undefined,
): PixelSize | undefined {
  if (!noiseShape) return undefined;
  const pixels = 2 ** (files.config.gen_vae_config.block_out_channels.length - 1);
  return { width: noiseShape[3]! * pixels, height: noiseShape[2]! * pixels };
}
