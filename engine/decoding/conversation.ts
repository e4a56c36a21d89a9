/**
 * A chat's cache. Each turn's prompt repeats the turns before it, so only what differs from the cached ids is read:
 * usually the new message. Owns its run.
 */
import { type FloatTensor, floatTensor } from '../runtime/tensor.ts';
import type { LanguageModel, LanguageModelRun, PictureFeatures, RowOutput } from './language-model.ts';

/** One picture of a conversation. */
export interface ConversationPicture {
  /** Equal pictures have equal keys; a changed picture has another. */
  key: string;
  /** Features of this picture alone. */
  features: PictureFeatures;
}

/** A prompt with its pictures, in the order of their places. */
export interface ConversationPrompt {
  ids: readonly number[];
  pictures: readonly ConversationPicture[];
}

/** How far a prompt equals what is cached; a picture counts whole or not at all. */
interface Prefix {
  ids: number;
  pictures: number;
}

export class Conversation {
  private current: LanguageModelRun | undefined;
  private cachedKeys: readonly string[] = [];

  constructor(private readonly model: LanguageModel) {}

  /**
   * Brings the cache to the prompt.
   * @returns the run to go on with, scores of the last position, and how many ids were in the cache already
   */
  async read(
    { ids, pictures }: ConversationPrompt,
    signal?: AbortSignal,
  ): Promise<{ run: LanguageModelRun; output: RowOutput; reused: number }> {
    const shared = this.sharedPrefix({ ids, pictures });
    const run = this.runWith(shared.ids);
    this.cachedKeys = pictures.map(({ key }) => key);
    const rest = joinPictures(pictures.slice(shared.pictures).map(({ features }) => features));
    const input = { ids: ids.slice(shared.ids), ...(rest && { pictures: rest }) };
    const [output] = await run.prefill([input], { logits: 1, ...(signal && { signal }) });
    return { run, output: output!, reused: shared.ids };
  }

  /** The last id is always read anew, since its scores are wanted. */
  private sharedPrefix({ ids, pictures }: ConversationPrompt): Prefix {
    const cached = this.current?.ids(0) ?? [];
    const limit = Math.min(cached.length, ids.length - 1);
    const shared = { ids: 0, pictures: 0 };
    while (shared.ids < limit && cached[shared.ids] === ids[shared.ids]) {
      if (ids[shared.ids] !== this.model.shape.imageTokenId) {
        shared.ids += 1;
        continue;
      }
      const picture = pictures[shared.pictures];
      if (!picture || picture.key !== this.cachedKeys[shared.pictures]) break;
      const end = shared.ids + picture.features.embeds.shape[0]!;
      if (end > limit) break;
      shared.ids = end;
      shared.pictures += 1;
    }
    return shared;
  }

  private runWith(length: number): LanguageModelRun {
    if (length === 0) {
      this.dispose();
      this.current = this.model.start();
    } else {
      this.current!.truncate(0, length);
    }
    return this.current!;
  }

  dispose(): void {
    this.current?.dispose();
    this.current = undefined;
  }
}

/** Features of several pictures one after the other; undefined for none. */
export function joinPictures(features: readonly PictureFeatures[]): PictureFeatures | undefined {
  const [first, ...others] = features;
  if (!first || others.length === 0) return first;
  return {
    grids: features.flatMap(({ grids }) => grids),
    embeds: joinRows(features.map(({ embeds }) => embeds)),
    deepstack: first.deepstack.map((_, i) => joinRows(features.map(({ deepstack }) => deepstack[i]!))),
  };
}

function joinRows(tensors: readonly FloatTensor[]): FloatTensor {
  const rows = tensors.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const width = tensors[0]!.shape[1]!;
  const data = new Float32Array(rows * width);
  let offset = 0;
  for (const tensor of tensors) {
    data.set(tensor.data, offset);
    offset += tensor.data.length;
  }
  return floatTensor(data, [rows, width]);
}
