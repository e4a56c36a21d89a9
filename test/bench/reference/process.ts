/** The reference's driver as a process: one request at a time, answers as JSON lines. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const DRIVER = fileURLToPath(new URL('./driver.py', import.meta.url));

export interface ReferenceOptions {
  /** A Python that has what the official code needs. */
  python: string;
  /** Folder of the official code. */
  official: string;
  checkpoint: string;
  dtype: 'float32' | 'bfloat16';
  threads: number;
}

export interface ReferenceAnswer {
  ms: number;
  /** What its process was given of the processor meanwhile. */
  processorMs: number;
  tokens?: number;
  firstTokenMs?: number;
  text?: string;
}

interface StartUp {
  importMs: number;
  loadMs: number;
  processorMs: number;
  torch: string;
}

export class Reference {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    readonly startUp: StartUp,
  ) {}

  /** Resolves when the model is loaded. @throws Error with what Python printed if it isn't. */
  static async start({ python, official, checkpoint, dtype, threads }: ReferenceOptions): Promise<Reference> {
    const options = [
      '--official',
      official,
      '--checkpoint',
      checkpoint,
      '--dtype',
      dtype,
      '--threads',
      `${threads}`,
    ];
    const child = spawn(python, [DRIVER, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${python} ended with status ${code}.`)));
    });
    ended.catch(() => {});
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await Promise.race([lines.next(), ended]);
    if (first.done) return ended;
    return new Reference(child, lines, JSON.parse(first.value) as StartUp);
  }

  async ask(request: { verb: string } & Record<string, unknown>): Promise<ReferenceAnswer> {
    this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    const line = await this.lines.next();
    if (line.done) throw new Error(`The reference ended at ${request.verb}.`);
    const answer = JSON.parse(line.value) as ReferenceAnswer & { error?: string };
    if (answer.error !== undefined)
      throw new Error(`The reference failed at ${request.verb}: ${answer.error}`);
    return answer;
  }

  stop(): void {
    this.child.removeAllListeners('exit');
    this.child.kill();
  }
}
