/** `tusk import`, `tusk download` and `tusk compile`: checkpoints onto this machine. No engine is needed for them. */
import { basename, join, resolve } from 'node:path';
import { type Compiled, compileCheckpoint, readCompiled } from '../hub/compile.ts';
import { type CachedCompile, ensureCompiled, listCompiled, removeCompiled } from '../hub/compile-cache.ts';
import { type DownloadProgress, downloadRepository } from '../hub/download.ts';
import { modelsFolder } from '../hub/folders.ts';
import { importCheckpoint } from '../hub/import.ts';
import { type Inspection, inspectFolder } from '../hub/inspect.ts';
import { type Arguments, textOption, UsageError } from './arguments.ts';
import { describePlans, size } from './memory.ts';
import { ProgressLine } from './progress.ts';
import { type CommandSession, printJson } from './session.ts';

export async function runImport(session: CommandSession, parsed: Arguments): Promise<void> {
  const [source, ...rest] = parsed.positionals;
  if (source === undefined || rest.length > 0) throw new UsageError('import needs one checkpoint folder.');
  const folder = textOption(parsed, 'to') ?? join(modelsFolder(), basename(resolve(source)));
  const line = new ProgressLine(process.stderr);
  try {
    const found = await importCheckpoint({
      ...{ source, folder, signal: session.signal },
      onProgress: (stage, doneBytes, totalBytes) => {
        if (session.json) printJson({ event: 'import', stage, doneBytes, totalBytes });
        else line.write(`${stage}, ${size(doneBytes)} of ${size(totalBytes)}`);
      },
    });
    line.clear();
    await finish(session, found.folder, found);
  } finally {
    line.clear();
  }
}

export async function runDownload(session: CommandSession, parsed: Arguments): Promise<void> {
  const [repository, ...rest] = parsed.positionals;
  if (repository === undefined || rest.length > 0)
    throw new UsageError('download needs one repository: owner/name.');
  const line = new ProgressLine(process.stderr);
  try {
    const folder = await downloadRepository({
      ...{ repository, signal: session.signal },
      folder: textOption(parsed, 'to') ?? join(modelsFolder(), repository.replace('/', '--')),
      endpoint: textOption(parsed, 'endpoint') ?? process.env.HF_ENDPOINT,
      revision: textOption(parsed, 'revision'),
      token: process.env.HF_TOKEN,
      onProgress: (progress) => {
        if (session.json) printJson({ event: 'download', ...progress });
        else line.write(describeDownload(progress));
      },
      onCall: (address, sizeBytes) => session.json && printJson({ event: 'call', address, sizeBytes }),
    });
    line.clear();
    await finish(session, folder, await inspectFolder(folder));
  } finally {
    line.clear();
  }
}

export async function runCompile(session: CommandSession, parsed: Arguments): Promise<void> {
  const [source, ...rest] = parsed.positionals;
  const { list, remove } = parsed.values;
  if (rest.length > 0) throw new UsageError('compile takes one checkpoint folder.');
  if (list === true) return tellList(session, await listCompiled());
  if (remove === true) return tellRemoved(session, await removeCompiled(source));
  if (source === undefined) throw new UsageError('compile needs one checkpoint folder, --list or --remove.');
  const folder = await compile(session, source, textOption(parsed, 'to'));
  const compiled = await readCompiled(folder);
  if (session.json) printJson({ event: 'done', ...compiled });
  else process.stdout.write(describeCompiled(compiled));
}

/** Into a folder of the person's choice, or into the cache. @returns where it is */
async function compile(session: CommandSession, source: string, to: string | undefined): Promise<string> {
  const line = new ProgressLine(process.stderr);
  const options = {
    ...{ source, signal: session.signal },
    onProgress: (doneBytes: number, totalBytes: number) => {
      if (session.json) printJson({ event: 'compile', doneBytes, totalBytes });
      else line.write(`compiling, ${size(doneBytes)} of ${size(totalBytes)}`);
    },
  };
  try {
    if (to === undefined) return await ensureCompiled(options);
    return (await compileCheckpoint({ ...options, folder: to })).folder;
  } finally {
    line.clear();
  }
}

const STATES: Record<CachedCompile['state'], string> = {
  ready: 'ready',
  stale: 'stale, made again when it is next used',
  begun: 'not finished, the next try goes on',
  alone: 'ready, its source is gone',
};

function tellList({ json }: CommandSession, compiled: readonly CachedCompile[]): void {
  if (json) {
    printJson({ event: 'done', compiled });
    return;
  }
  for (const { folder, source, sizeBytes, state } of compiled)
    process.stdout.write(`${size(sizeBytes).padStart(10)}  ${folder}  of ${source}: ${STATES[state]}\n`);
  if (compiled.length === 0) process.stdout.write('Nothing is compiled.\n');
}

function tellRemoved({ json }: CommandSession, removed: readonly string[]): void {
  if (json) {
    printJson({ event: 'done', removed });
    return;
  }
  process.stdout.write(removed.map((folder) => `${folder} is gone\n`).join('') || 'Nothing was there.\n');
}

const WORST_SHOWN = 3;

function describeCompiled({ folder, sourceBytes, compiledBytes, errors, tensors }: Compiled): string {
  const percent = (error: number) => `${(100 * error).toFixed(1)} %`;
  const rounding = Object.entries(errors).map(
    ([precision, error]) => `${precision} weights are off by ${percent(error)}`,
  );
  const worst = Object.entries(tensors)
    .sort(([, a], [, b]) => b - a)
    .slice(0, WORST_SHOWN)
    .map(([name, error]) => `  ${percent(error).padStart(7)}  ${name}`);
  return [
    folder,
    `${size(sourceBytes)} became ${size(compiledBytes)}; ${rounding.join(', ')}`,
    `most of ${Object.keys(tensors).length} tensors:`,
    ...worst,
    `use it with --checkpoint ${folder}`,
    '',
  ].join('\n');
}

export function describeDownload({ doneBytes, totalBytes, bytesPerSecond }: DownloadProgress): string {
  const amount = `${size(doneBytes)} of ${size(totalBytes)}`;
  if (bytesPerSecond === 0) return `downloading, ${amount}`;
  const seconds = Math.ceil((totalBytes - doneBytes) / bytesPerSecond);
  const left = seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  return `downloading, ${amount}, ${(bytesPerSecond / 1e6).toFixed(1)} MB/s, ${left} left`;
}

/** Compiles where this machine's memory asks for it, and says what the model is made of and how it will run. */
async function finish(session: CommandSession, folder: string, found: Inspection): Promise<void> {
  const info = await session.client().run('info', { checkpoint: folder }, { signal: session.signal });
  const { create, edit } = info.plans;
  const isRounded = [create, edit].some(
    ({ fits, placements }) => fits && Object.values(placements).some(({ form }) => form === 'compiled'),
  );
  if (isRounded) await compile(session, folder, undefined);
  const { networks, totalBytes } = found;
  const { memoryBytes, machine, plans } = info;
  if (session.json) {
    printJson({ event: 'done', folder, totalBytes, networks, memoryBytes, machine, plans });
    return;
  }
  const rows = networks.map(({ name, parameters, bytes, dtypes }) => {
    const cells = [`${(parameters / 1e6).toFixed(1)} M`.padStart(12), size(bytes).padStart(12)];
    return `${name.padEnd(24)}${cells.join('')}  ${Object.keys(dtypes).join(', ')}`;
  });
  const lines = [folder, ...rows, ...describePlans(info), `use it with --checkpoint ${folder}`, ''];
  process.stdout.write(lines.join('\n'));
}
