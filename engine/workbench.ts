/** A model in use, with what is worth keeping between requests: pictures already seen, a chat's cache, the negative prompt. */
import { encodeStates } from './decoding/condition.ts';
import { Conversation } from './decoding/conversation.ts';
import type { LanguageModel } from './decoding/language-model.ts';
import type { VisualTokenizer } from './decoding/visual-tokenizer.ts';
import { LatentColours } from './diffusion/previews.ts';
import type { Model, NetworkName, Networks } from './load.ts';
import type { RequestContext } from './protocol.ts';
import { PromptReader } from './reading.ts';
import type { FloatTensor } from './runtime/tensor.ts';

const NEGATIVE_SYSTEM = 'You are a helpful image generator.';

export class Workbench {
  private promptReader: PromptReader | undefined;
  private chat: Conversation | undefined;
  private colours: LatentColours | undefined;
  private negative: { languageModel: LanguageModel; text: string; states: FloatTensor } | undefined;

  constructor(readonly model: Model) {}

  /** Loads what is missing, telling the request about it. */
  networks<N extends NetworkName>(
    names: readonly N[],
    { emit, signal }: RequestContext,
    rounded = false,
  ): Promise<Pick<Networks, N>> {
    const onLoading = (what: string, part: number, parts: number) =>
      emit({ event: 'loading', what, part, parts });
    return this.model.networks(names, { signal, onLoading, rounded });
  }

  /** The visual tokenizer is loaded when a prompt holds a picture as visual tokens. */
  reader(languageModel: LanguageModel): PromptReader {
    const { prompts, processor } = this.model.files;
    const visualTokenizer = () => this.visualTokenizer();
    this.promptReader ??= new PromptReader({ prompts, processor, languageModel, visualTokenizer });
    return this.promptReader;
  }

  async visualTokenizer(): Promise<VisualTokenizer> {
    return (await this.model.networks(['visualTokenizer'])).visualTokenizer;
  }

  /** The colours of latents, for previews; fitted once. */
  async latentColours({ vaeDecoder }: Pick<Networks, 'vaeDecoder'>): Promise<LatentColours> {
    this.colours ??= await LatentColours.fit(vaeDecoder.sizes, (latents) => vaeDecoder.decode(latents));
    return this.colours;
  }

  conversation(languageModel: LanguageModel): Conversation {
    this.chat ??= new Conversation(languageModel);
    return this.chat;
  }

  /** States of what a picture should not be: the plain template without an answer prefix. The last text is kept. */
  async negativeStates(
    languageModel: LanguageModel,
    text: string,
    signal: AbortSignal,
  ): Promise<FloatTensor> {
    const known = this.negative;
    if (known?.text === text && known.languageModel === languageModel) return known.states;
    const ids = this.negativeIds(text);
    const layers = this.model.files.config.gen_condition_layers;
    const states = await encodeStates(languageModel, ids, layers, signal);
    this.negative = { languageModel, text, states };
    return states;
  }

  private negativeIds(text: string): number[] {
    const messages = [
      { role: 'system', content: NEGATIVE_SYSTEM },
      { role: 'user', content: text },
    ] as const;
    return this.model.files.prompts.build(messages, { addGenerationPrompt: false }).ids;
  }

  async dispose(): Promise<void> {
    this.chat?.dispose();
    await this.model.dispose();
  }
}
