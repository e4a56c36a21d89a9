/** What a job made, kept: picture file first, then its version, the answer's turn and the job in one transaction. */
import { enlargePreview, pixelSize } from '../image/convert.ts';
import { guardEdit } from '../image/drift.ts';
import { encodeGeneratedPng } from '../image/encode.ts';
import { newId } from '../library/ids.ts';
import type { Library } from '../library/library.ts';
import { log } from '../log.ts';
import type { ModelSummary, PictureResult, Recipe, UpscaleResult } from '../protocol.ts';
import type { Job, StudioEvent, Turn, Version } from '../studio-protocol.ts';
import { settingsOf as appSettings } from './app-handlers.ts';
import { derived } from './derived.ts';
import { notFound } from './failures.ts';
import { settingsOf } from './recipe-settings.ts';
import type { RunningJob } from './running-job.ts';
import { unknownWords } from './unknown-words.ts';

type Emit = (event: StudioEvent) => void;

/** @returns the job as it is now on disk. */
export async function keepPicture(
  library: Library,
  running: RunningJob,
  result: PictureResult,
  summary: ModelSummary | null,
  emit: Emit,
): Promise<Job> {
  const made = result.pictures[0]!;
  const { job, frames } = running;
  const fresh = newVersion(job, summary);
  const guarded = await guardedEdit(library, fresh.parentId, made);
  const { picture, recipe } = guarded ?? made;
  const version: Version = {
    ...fresh,
    settings: { ...job.settings, ...settingsOf(recipe) },
    seed: recipe.seed,
    model: recipe.model,
    width: picture.width,
    height: picture.height,
    sizeBytes: picture.bytes.length,
    durationMs: result.timings.totalMs,
  };
  return library.orWithoutPictures([version.id], async () => {
    await library.pictures.write(version.id, picture.bytes);
    if (guarded) await library.pictures.writeAsMade(version.id, made.picture.bytes);
    if (frames.length > 0) await library.pictures.writeFrames(version.id, frames);
    return keepVersion(library, running, 'done', version, recipe, emit);
  });
}

type Made = PictureResult['pictures'][number];

/** With the drift guard on, a local edit with what drifted laid back; undefined where there is nothing to lay back. */
async function guardedEdit(
  library: Library,
  sourceId: string | null,
  { picture, recipe }: Made,
): Promise<Made | undefined> {
  if (sourceId === null || recipe.laidBack || !appSettings(library).driftGuard) return undefined;
  // Without its source the edit stays as it is.
  const source = await library.pictures.read(sourceId).catch(() => undefined);
  const laidBack = source && (await guardEdit(source, picture.bytes));
  if (!laidBack) return undefined;
  const noted = { ...recipe, laidBack: true };
  return { picture: { ...picture, bytes: await encodeGeneratedPng(laidBack, noted) }, recipe: noted };
}

/** @returns the job as it is now on disk. */
export async function keepEnlarged(
  library: Library,
  running: RunningJob,
  { picture, totalMs }: UpscaleResult,
  emit: Emit,
): Promise<Job> {
  const { job } = running;
  const source = library.versions.get(job.targetIds[0]!);
  if (!source) throw notFound('picture');
  const { width, height, bytes } = picture;
  const version: Version = {
    ...derived(source),
    ...{ ...FRESH, id: newId(), chatId: job.chatId, kind: 'upscale', createdAt: Date.now() },
    ...{ width, height, sizeBytes: bytes.length, durationMs: totalMs },
    settings: { ...source.settings, ...job.settings },
  };
  return library.orWithoutPictures([version.id], async () => {
    await library.pictures.write(version.id, bytes);
    return keepVersion(library, running, 'done', version, undefined, emit);
  });
}

/** Keeps the last preview of a cancelled job as a draft. @returns undefined if there was none yet. */
export async function keepDraft(
  library: Library,
  running: RunningJob,
  summary: ModelSummary | null,
  emit: Emit,
): Promise<Job | undefined> {
  const { job, preview } = running;
  if (!preview || job.mode === 'upscale') return undefined;
  const png = await enlargePreview(preview.picture.bytes, await draftSize(library, job, summary));
  const size = await pixelSize(png);
  const version: Version = {
    ...newVersion(job, summary),
    ...size,
    kind: 'draft',
    settings: job.settings,
    sizeBytes: png.length,
  };
  return library.orWithoutPictures([version.id], async () => {
    await library.pictures.write(version.id, png);
    return keepVersion(library, running, 'cancelled', version, undefined, emit);
  });
}

/** @returns the job as it is now on disk. */
export function keepAnswer(library: Library, { job, stored }: RunningJob, text: string, emit: Emit): Job {
  return library.transaction(() => {
    const done: Job = { ...job, state: 'done', text };
    library.jobs.put({ ...stored, job: done });
    const turn = { ...(library.chats.reply(job.turnId) ?? newReply(job)), text, versionIds: job.targetIds };
    library.chats.putTurn(turn);
    for (const id of job.targetIds) library.versions.addSaid(id, `${job.message} ${text}`);
    emit({ event: 'turn', turn });
    return done;
  });
}

/** A draft that was gone on with gives its place to what it became. */
async function keepVersion(
  library: Library,
  { job, stored }: RunningJob,
  state: Job['state'],
  version: Version,
  recipe: Recipe | undefined,
  emit: Emit,
): Promise<Job> {
  const kept: Job = { ...job, state, versionId: version.id };
  const draftId = job.versionId;
  const events = library.transaction((): StudioEvent[] => {
    library.versions.add(version, recipe);
    library.jobs.put({ ...stored, job: kept });
    const draft = draftId && library.versions.update(draftId, { deletedAt: version.createdAt });
    const turn = answerWith(library, job, version.id, draftId);
    library.chats.putTurn(turn);
    const chat = {
      ...library.chats.get(job.chatId)!,
      updatedAt: version.createdAt,
      coverVersionId: version.id,
    };
    library.chats.put(chat);
    return [
      ...(draft ? [{ event: 'version' as const, version: draft }] : []),
      { event: 'version', version },
      { event: 'turn', turn },
      { event: 'chat', chat },
    ];
  });
  for (const event of events) emit(event);
  if (draftId)
    await library.pictures
      .removeUnfinished(draftId)
      .catch((thrown) => log.warn(`a draft's rest stays: ${thrown}`));
  return kept;
}

/** The answer's turn with one picture more, or in the draft's place. */
function answerWith(library: Library, job: Job, versionId: string, draftId: string | null): Turn {
  const reply = library.chats.reply(job.turnId) ?? newReply(job);
  const isShown = draftId !== null && reply.versionIds.includes(draftId);
  const versionIds = isShown
    ? reply.versionIds.map((id) => (id === draftId ? versionId : id))
    : [...reply.versionIds, versionId];
  return { ...reply, versionIds };
}

/** What a person hasn't touched yet. */
const FRESH = { starred: false, tags: [], deletedAt: null, caption: '' };

function newVersion(job: Job, summary: ModelSummary | null) {
  const isEdit = job.mode === 'edit';
  return {
    id: newId(),
    chatId: job.chatId,
    parentId: isEdit ? job.targetIds.at(-1)! : null,
    referenceIds: isEdit ? job.targetIds.slice(0, -1) : [],
    kind: isEdit ? ('edit' as const) : ('create' as const),
    prompt: job.message,
    seed: job.seed,
    model: summary?.name ?? '',
    durationMs: null,
    createdAt: Date.now(),
    ...FRESH,
    unknownWords: unknownWords(job.message, summary),
  };
}

const newReply = (job: Job): Turn => ({
  id: newId(),
  chatId: job.chatId,
  role: 'tusk',
  mode: job.mode,
  text: '',
  versionIds: [],
  jobId: job.id,
  replyToId: job.turnId,
  createdAt: Date.now(),
});

async function draftSize(library: Library, job: Job, summary: ModelSummary | null) {
  const { width, height } = job.settings;
  if (job.mode === 'edit') return library.versions.get(job.targetIds.at(-1)!);
  return width !== undefined && height !== undefined ? { width, height } : summary?.defaults.size;
}
