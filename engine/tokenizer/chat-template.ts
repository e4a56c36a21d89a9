/** The checkpoint's own chat template (Jinja) decides how a conversation becomes text. It can reach nothing. */
import { Template } from '@huggingface/jinja';
import { z } from 'zod';
import { TuskError } from '../errors.ts';
import type { Message } from './messages.ts';
import type { Grid } from './picture-tokens.ts';
import type { TextFiles } from './tokenizer.ts';

const JINJA_FILE = 'chat_template.jinja';
const JSON_FILE = 'chat_template.json';
const MAX_TEMPLATE_CHARACTERS = 1_000_000;

const jsonSchema = z.object({ chat_template: z.string() });

export interface RenderOptions {
  /** The grid of visual tokens to generate: gives the text-to-image prompt. Absent: an answer in words. */
  generate?: Grid;
  /** Ends the prompt where the assistant begins to speak. Default true. */
  addGenerationPrompt?: boolean;
}

export class ChatTemplate {
  private readonly template: Template;

  /**
   * @param source Jinja text.
   * @param variables what templates expect beside the messages, such as `eos_token`.
   * @throws TuskError `template-unsupported` naming the construct.
   */
  constructor(
    source: string,
    private readonly variables: Readonly<Record<string, unknown>> = {},
  ) {
    if (source.length > MAX_TEMPLATE_CHARACTERS) throw unsupported('it is implausibly long');
    this.template = withTypedErrors(source, () => new Template(source));
    this.source = source;
  }

  private readonly source: string;

  /**
   * Reads chat_template.jinja, else chat_template.json, as the official processor does.
   * @throws TuskError `checkpoint-missing` if there is neither, `template-unsupported`.
   */
  static async load(
    files: TextFiles,
    variables: Readonly<Record<string, unknown>> = {},
  ): Promise<ChatTemplate> {
    return new ChatTemplate(await readSource(files), variables);
  }

  /**
   * @returns the prompt, each picture still one placeholder.
   * @throws TuskError `template-unsupported` with the construct, or what the template itself objects to.
   */
  render(messages: readonly Message[], { generate, addGenerationPrompt = true }: RenderOptions = {}): string {
    const grid = generate && { t2i_generate: true, ar_height: generate.height, ar_width: generate.width };
    return withTypedErrors(this.source, () =>
      this.template.render({
        ...this.variables,
        messages,
        add_generation_prompt: addGenerationPrompt,
        ...grid,
      }),
    );
  }
}

async function readSource(files: TextFiles): Promise<string> {
  try {
    return await files.readText(JINJA_FILE);
  } catch (error) {
    if (!(error instanceof TuskError) || error.code !== 'checkpoint-missing') throw error;
  }
  const json = await files.readJson(JSON_FILE);
  if (json === undefined) {
    throw new TuskError('checkpoint-missing', `The checkpoint has neither ${JINJA_FILE} nor ${JSON_FILE}.`, {
      hint: 'Fetch the whole checkpoint folder.',
    });
  }
  const parsed = jsonSchema.safeParse(json);
  if (!parsed.success) throw unsupported(`${JSON_FILE} has no text "chat_template"`, parsed.error);
  return parsed.data.chat_template;
}

function withTypedErrors<T>(source: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw unsupported(explain(source, cause), cause);
  }
}

/** The renderer names filters, tests, statements and characters itself, but not what it can't call. */
function explain(source: string, cause: unknown): string {
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (!reason.includes('not a function')) return reason;
  const callees = [...source.matchAll(/([\w.]+|'[^']*'\.\w+|"[^"]*"\.\w+)\s*\(/g)].map((match) => match[1]);
  return `${reason} (it calls ${[...new Set(callees)].join(', ')})`;
}

function unsupported(what: string, cause?: unknown): TuskError {
  return new TuskError('template-unsupported', `The chat template can't be used: ${what}.`, {
    cause,
    hint: `Rewrite that part of ${JINJA_FILE} in plainer Jinja.`,
  });
}
