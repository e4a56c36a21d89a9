/**
 * An interactive conversation: asks, makes and edits. The newest picture is the one that questions and edits are
 * about. Ctrl-C stops a run; when nothing runs it ends the conversation.
 */
import { access } from 'node:fs/promises';
import { createInterface, type Interface } from 'node:readline';
import { CancelledError, isLoss, TuskError, toTuskError } from '../errors.ts';
import { writeWhole } from '../files.ts';
import { detectIntent } from '../intent.ts';
import type { ChatMessage, PictureResult, PictureSource } from '../protocol.ts';
import { question } from './chat.ts';
import { type CommandSession, runVerb } from './session.ts';

const HELP = `Ask something, or say what to draw ("draw a red apple"), or what to change ("make the apple green").
  /create <prompt>   /edit <instruction>   /ask <question>   overrule the guess
  /picture <file>    talk about a picture     /new    start again     /quit
`;

export class Conversation {
  private messages: ChatMessage[] = [];
  /** Pictures the next question shows the model. */
  private unseen: PictureSource[];
  private current: PictureSource | undefined;
  private running: AbortController | undefined;
  private readonly lines: Interface;

  constructor(
    private readonly session: CommandSession,
    private readonly checkpoint: string | undefined,
    pictures: readonly PictureSource[],
  ) {
    this.unseen = [...pictures];
    this.current = pictures.at(-1);
    const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
    this.lines = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ', terminal });
  }

  async run(): Promise<void> {
    this.lines.on('SIGINT', () => this.interrupt());
    this.session.signal.addEventListener('abort', () => this.interrupt());
    process.stdout.write(HELP);
    this.lines.prompt();
    for await (const line of this.lines) {
      if (line.trim() === '/quit') break;
      if (line.trim() !== '') await this.turn(line.trim());
      this.lines.prompt();
    }
    this.lines.close();
    if (this.session.signal.aborted) throw new CancelledError();
  }

  private interrupt(): void {
    if (this.running) this.running.abort();
    else this.lines.close();
  }

  /** A turn that fails says so and leaves the conversation as it was. */
  private async turn(line: string): Promise<void> {
    this.running = new AbortController();
    const session = { ...this.session, signal: this.running.signal };
    try {
      await this.obey(session, line);
    } catch (thrown) {
      const error = toTuskError(thrown);
      if (isLoss(error)) throw thrown;
      const { message, hint } = error;
      process.stdout.write(`${message}${hint ? ` ${hint}` : ''}\n`);
    } finally {
      this.running = undefined;
    }
  }

  private async obey(session: CommandSession, line: string): Promise<void> {
    const [, command, rest] = /^\/(\w+)\s*(.*)$/s.exec(line) ?? [undefined, undefined, line];
    switch (command ?? detectIntent(line, this.current !== undefined)) {
      case 'create':
        return this.create(session, rest!);
      case 'edit':
        return this.edit(session, rest!);
      case 'ask':
        return this.ask(session, rest!);
      case 'picture':
        return this.show(rest!);
      case 'new':
        this.messages = [];
        this.unseen = [];
        this.current = undefined;
        return;
      default:
        process.stdout.write(HELP);
    }
  }

  private async show(path: string): Promise<void> {
    await access(path).catch((cause: unknown) => {
      throw new TuskError('not-found', `There is no file ${path}.`, { cause });
    });
    this.look({ path });
  }

  private look(picture: PictureSource): void {
    this.current = picture;
    this.unseen = [picture];
  }

  private async create(session: CommandSession, prompt: string): Promise<void> {
    await this.keep(
      await runVerb(session, 'create', { checkpoint: this.checkpoint, prompt, previews: false }),
    );
  }

  private async edit(session: CommandSession, instruction: string): Promise<void> {
    if (!this.current) throw new TuskError('bad-picture', 'There is no picture to change yet.');
    const pictures = [this.current];
    const params = { checkpoint: this.checkpoint, instruction, pictures, previews: false };
    await this.keep(await runVerb(session, 'edit', params));
  }

  private async keep({ pictures, timings }: PictureResult): Promise<void> {
    const { picture, recipe } = pictures[0]!;
    const path = await freeName(`tusk-${recipe.seed}`);
    await writeWhole(path, picture.bytes);
    this.look({ path });
    process.stdout.write(`${path}  (seed ${recipe.seed}, ${(timings.totalMs / 1_000).toFixed(1)} s)\n`);
  }

  private async ask(session: CommandSession, text: string): Promise<void> {
    const messages = [...this.messages, question(text, this.unseen)];
    const { text: answer } = await runVerb(
      session,
      'chat',
      { checkpoint: this.checkpoint, messages },
      (event) => {
        if (event.event === 'text') process.stdout.write(event.delta);
      },
    );
    process.stdout.write('\n');
    this.unseen = [];
    if (answer.trim() !== '')
      this.messages = [...messages, { role: 'assistant', content: [{ type: 'text', text: answer }] }];
  }
}

/** A name that doesn't exist yet: nothing of the person's is overwritten. */
async function freeName(stem: string): Promise<string> {
  for (let number = 1; ; number++) {
    const path = `${stem}${number === 1 ? '' : `-${number}`}.png`;
    const taken = await access(path).then(
      () => true,
      () => false,
    );
    if (!taken) return path;
  }
}
