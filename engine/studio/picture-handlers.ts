/** Pictures in and out, and new versions of a picture that need no model. */
import { decodePicture } from '../image/decode.ts';
import { blendBack, measureDrift } from '../image/drift.ts';
import { readRecipe } from '../image/encode.ts';
import { type ExportFormat, encodeBeforeAfter, encodeExport, encodeTimeLapse } from '../image/export.ts';
import type { Picture } from '../image/picture.ts';
import { encodePng, transform } from '../image/transform.ts';
import { packChat, packFiles, unpackChat } from '../library/archive.ts';
import { newId } from '../library/ids.ts';
import type { Versions } from '../library/versions.ts';
import { recipe as recipeSchema } from '../protocol.ts';
import type { StudioCheckedParams, Version } from '../studio-protocol.ts';
import { derived } from './derived.ts';
import { notFound, unavailable } from './failures.ts';
import { fileName } from './file-name.ts';
import type { Handlers, Parts } from './parts.ts';
import { settingsOf } from './recipe-settings.ts';
import { selfCheck } from './self-check.ts';

export const pictureHandlers = (parts: Parts) => {
  const { library, engine, captions, emit } = parts;
  const { versions, pictures, chats } = library;
  const find = (id: string): Version => found(versions.get(id), 'picture');

  return {
    'versions.transform': async ({ versionId, transformation }) => {
      const parent = find(versionId);
      const picture = await transform(await pictures.read(versionId), transformation);
      return keep(parts, picture, { ...derived(parent), kind: transformation.kind });
    },
    'versions.drift': async ({ versionId }) => {
      const source = await pictures.read(sourceOf(versions, find(versionId)));
      const asMade = await pictures.asMade(versionId);
      const drift = await measureDrift(source, asMade ?? (await pictures.read(versionId)));
      return { ...drift, isLaidBack: asMade !== undefined };
    },
    'versions.blend': async ({ versionId, strength }) => {
      const edit = find(versionId);
      const source = await pictures.read(sourceOf(versions, edit));
      const asMade = (await pictures.asMade(versionId)) ?? (await pictures.read(versionId));
      const blended = await blendBack(source, asMade, strength);
      return keep(parts, blended, { ...derived(edit), kind: 'blend' });
    },
    'versions.import': (params) => importPicture(parts, params),
    'versions.export': async ({ versionIds, format, recipe }) => {
      const chosen = versionIds.map(find);
      const files = await Promise.all(
        chosen.map(async (version) =>
          encodeExport(await pictures.read(version.id), format, notes(parts, version, recipe)),
        ),
      );
      const ending = endingOf(format);
      if (files.length === 1) return { name: fileName(chosen[0]!.prompt, ending), bytes: files[0]! };
      const named = files.map((bytes, index) => [
        fileName(`${index + 1} ${chosen[index]!.prompt}`, ending),
        bytes,
      ]);
      return { name: fileName('Tusk pictures', 'zip'), bytes: packFiles(Object.fromEntries(named)) };
    },
    'versions.beforeAfter': async ({ versionId, format }) => {
      const version = find(versionId);
      const files = [
        await pictures.read(sourceOf(versions, version)),
        await pictures.read(versionId),
      ] as const;
      const bytes = await encodeBeforeAfter(...files, format);
      return { name: fileName(`${version.prompt} before and after`, endingOf(format)), bytes };
    },
    'versions.timelapse': async ({ versionId, format }) => {
      const version = find(versionId);
      const frames = await pictures.frames(versionId);
      if (frames.length === 0) throw unavailable('There are no steps of this picture to show.');
      const bytes = await encodeTimeLapse(frames, await pictures.read(versionId), format);
      return { name: fileName(version.prompt, format), bytes };
    },
    'versions.selfCheck': async ({ versionId }) => {
      const version = find(versionId);
      const client = await engine.client();
      const { checkpoint } = engine;
      const model = checkpoint === undefined ? {} : { checkpoint };
      return { checks: await selfCheck(client, model, await pictures.read(versionId), version.prompt) };
    },
    'versions.describe': ({ versionId }) => captions.describe(versionId),
    'chats.export': async ({ chatId }) => {
      const chat = found(chats.get(chatId), 'chat');
      return { name: fileName(chat.title, 'tusk'), bytes: await packChat(library, chatId) };
    },
    'chats.import': async ({ bytes }) => {
      const chat = chats.get(await unpackChat(library, bytes))!;
      emit({ event: 'chat', chat });
      return chat;
    },
  } satisfies Partial<Handlers>;
};

const endingOf = (format: ExportFormat): string => (format === 'jpeg' ? 'jpg' : format);

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw notFound(what);
  return value;
}

/** What a picture was made from; a blend is held against the source of its edit. */
function sourceOf(versions: Versions, { kind, parentId }: Version): string {
  if (parentId === null) throw unavailable('This picture has no source to compare it with.');
  return kind === 'blend' ? sourceOf(versions, found(versions.get(parentId), 'picture')) : parentId;
}

/** The recipe of this very picture, where a model wrote one. */
function notes({ library }: Parts, version: Version, withRecipe: boolean) {
  const recipe = withRecipe ? recipeSchema.safeParse(library.versions.recipe(version.id)) : undefined;
  return { madeByModel: version.model !== '', ...(recipe?.success && { recipe: recipe.data }) };
}

type Origin = Omit<
  Version,
  'id' | 'width' | 'height' | 'sizeBytes' | 'createdAt' | 'starred' | 'tags' | 'deletedAt' | 'caption'
>;

async function keep(
  { library, emit }: Parts,
  picture: Picture,
  origin: Origin,
  recipe?: unknown,
): Promise<Version> {
  const png = await encodePng(picture, origin.model !== '');
  const version: Version = {
    ...origin,
    id: newId(),
    width: picture.width,
    height: picture.height,
    sizeBytes: png.length,
    createdAt: Date.now(),
    starred: false,
    tags: [],
    deletedAt: null,
    caption: '',
  };
  await library.orWithoutPictures([version.id], async () => {
    await library.pictures.write(version.id, png);
    library.versions.add(version, recipe);
  });
  emit({ event: 'version', version });
  return version;
}

/** A picture of ours brings its recipe back. */
async function importPicture(
  parts: Parts,
  { chatId, name, bytes }: StudioCheckedParams<'versions.import'>,
): Promise<Version> {
  if (chatId !== null) found(parts.library.chats.get(chatId), 'chat');
  const picture = await decodePicture(bytes, 'The picture');
  const carried = recipeSchema.safeParse(readRecipe(bytes).recipe);
  const recipe = carried.success ? carried.data : undefined;
  const origin: Origin = {
    chatId,
    parentId: null,
    referenceIds: [],
    kind: 'import',
    prompt: recipe?.prompt ?? name,
    seed: recipe?.seed ?? null,
    settings: recipe ? settingsOf(recipe) : {},
    model: recipe?.model ?? '',
    durationMs: null,
    unknownWords: [],
  };
  return keep(parts, picture, origin, recipe);
}
