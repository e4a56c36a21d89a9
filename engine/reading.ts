/** Reading: a conversation and its pictures to what the language model takes. */
import { type ConversationPicture, type ConversationPrompt, joinPictures } from './decoding/conversation.ts';
import type { LanguageModel, PictureFeatures } from './decoding/language-model.ts';
import type { VisualTokenizer } from './decoding/visual-tokenizer.ts';
import { visualTokenizerInput } from './image/generation-input.ts';
import type { Picture } from './image/picture.ts';
import { type ProcessorConfig, visionInput } from './image/vision-input.ts';
import type { RenderOptions } from './tokenizer/chat-template.ts';
import { type Message, promptPictures } from './tokenizer/messages.ts';
import type { PromptBuilder } from './tokenizer/prompt.ts';
import { fillPlaceholders, visualTokenText } from './tokenizer/visual-tokens.ts';

/** What reading needs of a loaded model. */
export interface ReadingParts {
  prompts: PromptBuilder;
  processor: ProcessorConfig;
  languageModel: LanguageModel;
  /** Asked for when a picture enters as visual tokens. */
  visualTokenizer: () => Promise<VisualTokenizer>;
}

export interface ReadPrompt extends ConversationPrompt {
  /** What the template made of the messages. */
  text: string;
  /** Features of all pictures together, as one prefill takes them; absent without pictures. */
  features?: PictureFeatures;
}

/** A picture of the conversation by the name its messages use; equal names are equal pictures. */
export type PictureByName = (name: string) => Picture | Promise<Picture>;

/** The last pictures seen: a chat shows the same ones in every turn. */
const REMEMBERED_PICTURES = 16;

export class PromptReader {
  private readonly seen = new Map<string, PictureFeatures>();

  constructor(private readonly parts: ReadingParts) {}

  /** @throws TuskError of the template (`template-unsupported`), the prompt (`bad-prompt`) or the pictures. */
  async read(
    messages: readonly Message[],
    pictureByName: PictureByName,
    options: RenderOptions = {},
  ): Promise<ReadPrompt> {
    const names = promptPictures(messages);
    const pictures: ConversationPicture[] = [];
    for (const key of names.seen) pictures.push({ key, features: await this.look(key, pictureByName) });
    const encoded = [];
    for (const name of names.visualTokens) encoded.push(await this.encode(await pictureByName(name)));
    const { text, ids } = this.parts.prompts.build(messages, {
      ...options,
      seen: pictures.map(({ features }) => features.embeds.shape[0]!),
      visualTokens: encoded.map(({ grid }) => grid),
    });
    const filling = encoded.map((picture) => picture.ids);
    const features = joinPictures(pictures.map((picture) => picture.features));
    return {
      text,
      ids: fillPlaceholders(ids, filling, this.parts.prompts.tokenizer),
      pictures,
      ...(features && { features }),
    };
  }

  private async look(name: string, pictureByName: PictureByName): Promise<PictureFeatures> {
    const known = this.seen.get(name);
    if (known) return known;
    const { pixelValues, grid } = visionInput(await pictureByName(name), this.parts.processor);
    const features = await this.parts.languageModel.embedPictures(pixelValues, [grid]);
    this.seen.set(name, features);
    if (this.seen.size > REMEMBERED_PICTURES) this.seen.delete(this.seen.keys().next().value!);
    return features;
  }

  private async encode(picture: Picture) {
    const visualTokenizer = await this.parts.visualTokenizer();
    const { rows, columns, codes } = await visualTokenizer.encode(visualTokenizerInput(picture).planes);
    const grid = { height: rows, width: columns };
    return { grid, ids: this.parts.prompts.tokenizer.encode(visualTokenText(grid, codes)) };
  }
}
