/** The command line. The engine works in a process of its own; this one parses, shows progress and writes files. */
import {
  type Arguments,
  type CommandName,
  OPTIONS,
  parseCommand,
  textOption,
  USAGE,
  UsageError,
} from './cli/arguments.ts';
import { runChat } from './cli/chat.ts';
import { runDevices } from './cli/devices.ts';
import { runInfo, runVerify } from './cli/inspect.ts';
import { runCompile, runDownload, runImport } from './cli/models.ts';
import { runCreate, runEdit } from './cli/pictures.ts';
import { type CommandSession, printJson } from './cli/session.ts';
import { runUpscale } from './cli/upscale.ts';
import type { EngineClient } from './client.ts';
import { toTuskError } from './errors.ts';
import { parseMachine } from './memory/machine.ts';
import { type SpawnedEngine, spawnEngine } from './spawn.ts';

const EXIT = { done: 0, failed: 1, usage: 2, cancelled: 130 } as const;

/** How long a cancelled engine may take to finish its token or step before it is ended. */
const GRACE_MS = 1_000;

const COMMANDS: Record<CommandName, (session: CommandSession, parsed: Arguments) => Promise<void>> = {
  create: runCreate,
  edit: runEdit,
  chat: runChat,
  upscale: runUpscale,
  info: runInfo,
  devices: runDevices,
  verify: runVerify,
  import: runImport,
  download: runDownload,
  compile: runCompile,
};

/** @returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(USAGE);
    return name === undefined ? EXIT.usage : EXIT.done;
  }
  try {
    if (!Object.hasOwn(OPTIONS, name)) throw new UsageError(`There is no command "${name}".`);
    const parsed = parseCommand(name as CommandName, rest);
    if (parsed.values.help !== true) return await runCommand(name as CommandName, parsed);
    process.stdout.write(USAGE);
    return EXIT.done;
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    process.stderr.write(`${thrown.message}\nSee tusk --help.\n`);
    return EXIT.usage;
  }
}

async function runCommand(name: CommandName, parsed: Arguments): Promise<number> {
  const engine = new LazyEngine(budgetOf(parsed));
  const json = parsed.values.json === true;
  const interruption = interruptible(engine);
  try {
    await COMMANDS[name]({ client: () => engine.client(), signal: interruption.signal, json }, parsed);
    return EXIT.done;
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    return report(interruption.signal.aborted, json, thrown);
  } finally {
    interruption.release();
    await engine.stop();
  }
}

/** What the engine may take up, in place of what the environment says. @throws UsageError */
function budgetOf(parsed: Arguments): NodeJS.ProcessEnv {
  const [memory, gpu] = [textOption(parsed, 'memory'), textOption(parsed, 'gpu-memory')];
  try {
    parseMachine(memory, gpu);
  } catch (thrown) {
    throw new UsageError(toTuskError(thrown).message);
  }
  return { ...(memory && { TUSK_MEMORY: memory }), ...(gpu && { TUSK_GPU_MEMORY: gpu }) };
}

class LazyEngine {
  private engine: SpawnedEngine | undefined;

  constructor(private readonly budget: NodeJS.ProcessEnv) {}

  client(): EngineClient {
    this.engine ??= spawnEngine(this.budget);
    return this.engine.client;
  }

  async stop(): Promise<void> {
    await this.engine?.stop();
  }
}

/** The first Ctrl-C cancels; a second one, or an engine that doesn't stop within the grace, is ended. */
function interruptible(engine: LazyEngine): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  let grace: NodeJS.Timeout | undefined;
  const interrupt = () => {
    if (controller.signal.aborted) return void engine.stop();
    controller.abort();
    grace = setTimeout(() => void engine.stop(), GRACE_MS);
  };
  const release = () => {
    clearTimeout(grace);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
  return { signal: controller.signal, release };
}

function report(interrupted: boolean, json: boolean, thrown: unknown): number {
  const { code, message, hint, next } = toTuskError(thrown);
  const cancelled = interrupted || code === 'cancelled';
  if (json) printJson({ event: 'failed', code: cancelled ? 'cancelled' : code, message, hint, next });
  process.stderr.write(cancelled ? 'Cancelled.\n' : `${message}${hint ? ` ${hint}` : ''}\n`);
  return cancelled ? EXIT.cancelled : EXIT.failed;
}
