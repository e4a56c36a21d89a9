/** A model in use, with what is worth keeping between requests: pictures already seen, a chat's cache, the negative prompt. */

import type { Decoder, Rounding } from './choices.ts';
import { encodeStates } from './decoding/condition.ts';
import { Conversation } from './decoding/conversation.ts';
import type { LanguageModel } from './decoding/language-model.ts';
import type { VisualTokenizer } from './decoding/visual-tokenizer.ts';
import type { ChosenDevice } from './devices/devices.ts';
import { LatentColours } from './diffusion/previews.ts';
import { type NextChoice, TuskError } from './errors.ts';
import type { Model, NetworkName, Networks } from './load.ts';
import {
  type MemoryChoice,
  type MemoryPlan,
  type MemoryRequest,
  nextSmaller,
  planMemory,
} from './memory/plan.ts';
import type { RequestContext } from './protocol.ts';
import { PromptReader } from './reading.ts';
import { runDevice } from './run-device.ts';
import type { FloatTensor } from './runtime/tensor.ts';

const NEGATIVE_SYSTEM = 'You are a helpful image generator.';

export class Workbench {
  private promptReader: PromptReader | undefined;
  private chat: Conversation | undefined;
  private colours: LatentColours | undefined;
  private negative: { languageModel: LanguageModel; text: string; states: FloatTensor } | undefined;

  private plan: MemoryPlan | undefined;
  private request: MemoryRequest | undefined;
  /** Of the last picture: questions are answered by the same copy of a large checkpoint. */
  private rounded: Rounding = 'nothing';

  /** Of the requests to come; absent = the processor. */
  device: ChosenDevice | undefined;

  constructor(readonly model: Model) {}

  /**
   * Decides where the parts of a request sit, before anything is loaded.
   * @param ask.rounded what pictures may have in 8-bit numbers
   * @throws TuskError `out-of-memory` with the next smaller choice
   */
  begin(
    { rounded, ...ask }: Pick<MemoryRequest, 'verb' | 'work' | 'choice'> & { rounded: Rounding },
    { emit }: RequestContext,
  ): MemoryPlan {
    const { memory, machine: own, files } = this.model;
    if (ask.verb !== 'chat') this.rounded = rounded;
    const secondCopies = this.model.secondCopies(rounded);
    const preferCompiled = this.model.compiledNetworks(this.rounded);
    const device = this.device?.room;
    const machine = { ...own, gpuBytes: device?.gpuBytes ?? 0 };
    const kinds = { secondCopies, preferCompiled };
    this.request = { ...ask, ...kinds, memory, machine, device, config: files.config };
    this.plan = planMemory(this.request);
    if (!this.plan.fits) throw this.tooLarge(this.plan, "doesn't fit");
    emit({
      event: 'placed',
      smaller: this.smallerThan(this.plan).next,
      device: this.device && runDevice(this.device, this.plan),
    });
    return this.plan;
  }

  /** An error of memory that ran out in the middle, with the next smaller choice; other errors as they are. */
  withNext(thrown: unknown): unknown {
    const isMemory = thrown instanceof TuskError && thrown.code === 'out-of-memory' && !thrown.next;
    return isMemory && this.plan?.fits ? this.tooLarge(this.plan, 'ran out', thrown) : thrown;
  }

  private tooLarge(plan: MemoryPlan, what: string, cause?: unknown): TuskError {
    const { next, hint } = this.smallerThan(plan);
    const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
    const needs = `${gigabytes(plan.peakBytes)} of memory, ${gigabytes(this.model.machine.freeBytes)} are free`;
    return new TuskError('out-of-memory', `The memory ${what}: it needs ${needs}.`, {
      cause,
      hint,
      next,
    });
  }

  /** What asks for less, and that it does in words. */
  private smallerThan(plan: MemoryPlan): { next?: NextChoice; hint: string } {
    const found = nextSmaller(this.request!, plan);
    if (!found) return { hint: 'Close other programs, or use a smaller model.' };
    const { choice: memory, width, height } = found;
    const { work } = this.request!;
    if (width === work.width && height === work.height) return { next: { memory }, hint: howHeld(memory) };
    return { next: { memory, size: { width, height } }, hint: `A picture of ${width} x ${height} fits.` };
  }

  /** Loads what is missing, telling the request about it; frees the rest where the plan has it so. */
  async networks<N extends NetworkName>(
    names: readonly N[],
    { emit, signal }: RequestContext,
    { rounded, decoder }: { rounded?: Rounding; decoder?: Decoder } = {},
  ): Promise<Pick<Networks, N>> {
    const onLoading = (what: string, part: number, parts: number) =>
      emit({ event: 'loading', what, part, parts });
    const onFreeing = (name: NetworkName) => this.forget(name);
    const { plan, device } = this;
    const kinds = { ...(rounded && { rounded }), ...(decoder && { decoder }) };
    const how = { signal, onLoading, ...kinds, plan, device: device?.device, onFreeing };
    return this.model.networks(names, how);
  }

  /** Lets go of what stands on a language model that is about to be freed. */
  private forget(freed: NetworkName): void {
    if (freed !== 'languageModel') return;
    this.chat?.dispose();
    this.chat = undefined;
    this.promptReader = undefined;
  }

  /** The visual tokenizer is loaded when a prompt holds a picture as visual tokens. */
  reader(languageModel: LanguageModel): PromptReader {
    const { prompts, processor } = this.model.files;
    const visualTokenizer = () => this.visualTokenizer();
    this.promptReader ??= new PromptReader({ prompts, processor, languageModel, visualTokenizer });
    return this.promptReader;
  }

  async visualTokenizer(): Promise<VisualTokenizer> {
    const { plan, device } = this;
    const others = plan && { ...plan, holding: 'together' as const };
    return (await this.model.networks(['visualTokenizer'], { plan: others, device: device?.device }))
      .visualTokenizer;
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

function howHeld({ holding, precision }: MemoryChoice): string {
  const ways = [
    ...(precision === 'compiled' ? ['in 4-bit numbers'] : []),
    ...(holding === 'staged' ? ['with parts loaded one after another'] : []),
  ];
  return `It fits ${ways.join(', ')}.`;
}
