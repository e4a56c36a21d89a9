/** Tusk under Electron 9 as a test drives it: its main process, its page, real keys and clicks, its pixels. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type * as Electron from 'electron';
import { ROOT } from '../../scripts/bundle.mjs';
import { OLD_APP } from './build.ts';
import type { Answer, Question } from './driver.ts';
import { oldElectronBinary } from './find.ts';

type InMain<A, T> = (electron: typeof Electron, argument: A) => T | Promise<T>;
type Modifier = 'control' | 'shift' | 'alt';

export interface StartOptions {
  /** Folder of the library and of what Electron keeps. */
  folder: string;
  /** More words of the command line. */
  args?: readonly string[];
}

export class OldElectron {
  private counter = 0;
  private readonly waiting = new Map<number, (answer: Answer) => void>();

  private constructor(readonly process: ChildProcess) {
    process.on('message', (answer: Answer) => this.waiting.get(answer.id)?.(answer));
    process.once('exit', () => {
      for (const [id, settle] of this.waiting) settle({ id, error: 'Electron has ended.' });
    });
  }

  /** Resolves when the page is there. */
  static async start(options: StartOptions): Promise<OldElectron> {
    const app = new OldElectron(launch(options));
    await app.main(async ({ BrowserWindow }) => {
      while (BrowserWindow.getAllWindows().length === 0) await new Promise((done) => setTimeout(done, 50));
      const { webContents } = BrowserWindow.getAllWindows()[0]!;
      while (webContents.isLoading()) await new Promise((done) => setTimeout(done, 50));
    }, null);
    return app;
  }

  /** Runs a function in the main process. It must be whole in itself, and what crosses must fit into JSON. */
  async main<A, T>(run: InMain<A, T>, argument: A): Promise<T> {
    this.counter += 1;
    const question: Question = { id: this.counter, source: String(run), argument };
    const answer = await new Promise<Answer>((settle) => {
      this.waiting.set(question.id, settle);
      this.process.send(question);
    });
    this.waiting.delete(question.id);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result as T;
  }

  /** Runs a function in the page, in the world of the page itself. */
  page<T, A = null>(run: (argument: A) => T | Promise<T>, argument?: A): Promise<T> {
    const code = `(${run})(${JSON.stringify(argument ?? null)})`;
    return this.main(
      ({ BrowserWindow }, source) =>
        BrowserWindow.getAllWindows()[0]!.webContents.executeJavaScript(source) as Promise<T>,
      code,
    );
  }

  /** Errors of the page's code that nobody caught, since it was last asked. */
  errorsOfPage(): Promise<string[]> {
    return this.main(() => (globalThis as unknown as { pageErrors: string[] }).pageErrors.splice(0), null);
  }

  async press(keyCode: string, ...modifiers: Modifier[]): Promise<void> {
    for (const type of ['keyDown', 'keyUp'] as const) await this.input({ type, keyCode, modifiers });
  }

  async type(text: string): Promise<void> {
    for (const keyCode of text) await this.input({ type: 'char', keyCode });
  }

  /** Clicks in the middle of the first element that fits. */
  async click(selector: string): Promise<void> {
    const place = await this.page((wanted) => {
      const { left, top, width, height } = document.querySelector(wanted)!.getBoundingClientRect();
      return { x: Math.round(left + width / 2), y: Math.round(top + height / 2) };
    }, selector);
    for (const type of ['mouseDown', 'mouseUp'] as const)
      await this.input({ type, ...place, button: 'left', clickCount: 1 });
  }

  private input(event: Electron.MouseInputEvent | Electron.KeyboardInputEvent): Promise<void> {
    return this.main(
      ({ BrowserWindow }, sent) => BrowserWindow.getAllWindows()[0]!.webContents.sendInputEvent(sent),
      event,
    );
  }

  /** @returns a PNG. */
  async capture(): Promise<Buffer> {
    const base64 = await this.main(async ({ BrowserWindow }) => {
      const image = await BrowserWindow.getAllWindows()[0]!.webContents.capturePage();
      return image.toPNG().toString('base64');
    }, null);
    return Buffer.from(base64, 'base64');
  }

  /** The running process of an entry, `process.js` (the engine) or `studio-process.js`; undefined if there is none. */
  pidOf(entry: string): number | undefined {
    const lines = execFileSync('ps', ['-o', 'pid=,ppid=,args=', '-A'], { encoding: 'utf8' }).split('\n');
    const fits = new RegExp(`^\\s*(\\d+)\\s+${this.process.pid}\\s.*dist/${entry}`);
    const [, pid] = lines.map((line) => fits.exec(line)).find(Boolean) ?? [];
    return pid === undefined ? undefined : Number(pid);
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.send({ id: 0, source: '({ app }) => app.quit()', argument: null } satisfies Question);
    const patience = setTimeout(() => this.process.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(patience);
  }
}

export function launch({ folder, args = [] }: StartOptions): ChildProcess {
  const binary = oldElectronBinary();
  return spawn(binary, ['--no-sandbox', `--user-data-dir=${join(folder, 'electron')}`, OLD_APP, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      TUSK_NODE: process.execPath,
      TUSK_LIBRARY: join(folder, 'library'),
      TUSK_CHECKPOINT: join(ROOT, 'assets', 'model'),
    },
  });
}
