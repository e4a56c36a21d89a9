/** A conversation to the ids the model reads: template, room for pictures, tokens. */
import { ChatTemplate, type RenderOptions } from './chat-template.ts';
import type { Message } from './messages.ts';
import { expandPictures, type Grid } from './picture-tokens.ts';
import { type TextFiles, Tokenizer } from './tokenizer.ts';

export interface PromptOptions extends RenderOptions {
  /** Merged vision tokens of each picture the vision encoder reads, in order. */
  seen?: readonly number[];
  /** Grids of the pictures that enter as visual tokens, in order. */
  visualTokens?: readonly Grid[];
}

export interface Prompt {
  /** What the template made of the messages. */
  text: string;
  /** Ids with the places of all pictures. */
  ids: number[];
}

export class PromptBuilder {
  constructor(
    readonly tokenizer: Tokenizer,
    readonly template: ChatTemplate,
  ) {}

  /** @throws TuskError of `Tokenizer.load` and `ChatTemplate.load`. */
  static async load(files: TextFiles): Promise<PromptBuilder> {
    const tokenizer = await Tokenizer.load(files);
    const { bos_token, eos_token, pad_token } = tokenizer.config;
    return new PromptBuilder(tokenizer, await ChatTemplate.load(files, { bos_token, eos_token, pad_token }));
  }

  /** @throws TuskError `template-unsupported`, or `bad-prompt` if places and pictures don't match. */
  build(messages: readonly Message[], options: PromptOptions = {}): Prompt {
    const text = this.template.render(messages, options);
    const expanded = expandPictures(text, options.seen ?? [], options.visualTokens);
    return { text, ids: this.tokenizer.encode(expanded) };
  }
}
