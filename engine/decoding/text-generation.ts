/** Answers: tokens from the language model until a stop id or the limit, with their text as it becomes complete. */
import { throwIfCancelled } from '../errors.ts';
import type { LanguageModelRun, RowOutput } from './language-model.ts';
import { type ChoiceRules, chooseToken } from './token-choice.ts';

/** Turns ids into text as they come; `Tokenizer.streamDecoder()` fits. Only whole characters come out of `push`. */
export interface StreamDecoder {
  push(id: number): string;
  end(): string;
}

export interface AnswerRequest {
  /** Guidance doesn't apply; `minimumKept` is 1 in the reference. */
  rules: Omit<ChoiceRules, 'guidance' | 'firstAllowed'>;
  /** Any of these ends the answer. */
  stopIds: readonly number[];
  /** 1 or more. */
  maxNewTokens: number;
  decoder: StreamDecoder;
  /** Ids from here on are special tokens: they aren't part of the text. Default: all ids are text. */
  firstSpecialId?: number;
  onText?: (delta: string) => void;
  signal?: AbortSignal;
  /** Sees the raw scores of every step. */
  observe?: (step: number, scores: Float32Array) => void;
}

export interface Answer {
  /** With the stop id, if one was chosen. */
  ids: number[];
  text: string;
  /** `stop`: the model ended it; `length`: it was cut at `maxNewTokens`. */
  finish: 'stop' | 'length';
}

/**
 * @param run one row whose cache holds the whole prompt
 * @param prompt scores at the prompt's last position, and the ids of the prompt
 * @throws CancelledError between two tokens, TuskError `non-finite` if the model's scores are not numbers
 */
export async function generateAnswer(
  run: LanguageModelRun,
  prompt: { ids: readonly number[]; output: RowOutput },
  request: AnswerRequest,
): Promise<Answer> {
  const text = new AnswerText(request);
  const ids: number[] = [];
  let output = prompt.output;
  while (true) {
    throwIfCancelled(request.signal);
    const id = nextId(output, prompt.ids, ids, request);
    ids.push(id);
    if (request.stopIds.includes(id)) return { ids, text: text.end(), finish: 'stop' };
    text.push(id);
    if (ids.length >= request.maxNewTokens) return { ids, text: text.end(), finish: 'length' };
    output = (await run.step([[id]], { logits: 1, ...(request.signal && { signal: request.signal }) }))[0]!;
  }
}

function nextId(
  { logits }: RowOutput,
  promptIds: readonly number[],
  ids: readonly number[],
  { rules, observe }: AnswerRequest,
): number {
  const conditional = logits.data.subarray(logits.data.length - logits.shape[1]!);
  observe?.(ids.length, conditional);
  const seen = rules.repetitionPenalty === 1 ? [] : [...promptIds, ...ids];
  return chooseToken({ firstId: 0, conditional }, seen, { ...rules, guidance: 1 });
}

class AnswerText {
  private text = '';

  constructor(private readonly request: AnswerRequest) {}

  push(id: number): void {
    const { decoder, firstSpecialId = Number.POSITIVE_INFINITY } = this.request;
    if (id < firstSpecialId) this.append(decoder.push(id));
  }

  end(): string {
    this.append(this.request.decoder.end());
    return this.text;
  }

  private append(delta: string): void {
    if (delta === '') return;
    this.text += delta;
    this.request.onText?.(delta);
  }
}
