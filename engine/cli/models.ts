/** `tusk import`, `tusk download` and `tusk compile`: checkpoints onto this machine. No engine is needed for them. */
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type Compiled, compileCheckpoint } from '../hub/compile.ts';
import { type DownloadProgress, downloadRepository } from '../hub/download.ts';
import { importCheckpoint } from '../hub/import.ts';
import { type Inspection, inspectFolder } from '../hub/inspect.ts';
import { type Arguments, textOption, UsageError } from './arguments.ts';
import { ProgressLine } from './progress.ts';
import { type CommandSession, printJson } from './session.ts';

const size = (bytes: number): string =>
  bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;

/** Where a system keeps what programs fetch. */
function modelsFolder(): string {
  const home = homedir();
  if (process.platform === 'win32') return join(process.env.LOCALAPPDATA ?? home, 'Tusk', 'models');
  if (process.platform === 'darwin') return join(home, 'Library', 'Application Support', 'Tusk', 'models');
  return join(process.env.XDG_DATA_HOME ?? join(home, '.local', 'share'), 'tusk', 'models');
}

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
    tellModel(session, found.folder, found);
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
      onCall: (address) => session.json && printJson({ event: 'call', address }),
    });
    line.clear();
    tellModel(session, folder, await inspectFolder(folder));
  } finally {
    line.clear();
  }
}

export async function runCompile(session: CommandSession, parsed: Arguments): Promise<void> {
  const [source, ...rest] = parsed.positionals;
  if (source === undefined || rest.length > 0) throw new UsageError('compile needs one checkpoint folder.');
  const folder = textOption(parsed, 'to') ?? join(modelsFolder(), `${basename(resolve(source))}-compiled`);
  const line = new ProgressLine(process.stderr);
  try {
    const compiled = await compileCheckpoint({
      ...{ source, folder, signal: session.signal },
      onProgress: (doneBytes, totalBytes) => {
        if (session.json) printJson({ event: 'compile', doneBytes, totalBytes });
        else line.write(`compiling, ${size(doneBytes)} of ${size(totalBytes)}`);
      },
    });
    line.clear();
    if (session.json) printJson({ event: 'done', ...compiled });
    else process.stdout.write(describeCompiled(compiled));
  } finally {
    line.clear();
  }
}

function describeCompiled({ folder, sourceBytes, compiledBytes, errors }: Compiled): string {
  const rounding = Object.entries(errors).map(
    ([precision, error]) => `${precision} weights are off by ${(100 * error).toFixed(1)} %`,
  );
  return [
    folder,
    `${size(sourceBytes)} became ${size(compiledBytes)}; ${rounding.join(', ')}`,
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

/** Where it lies, what it is made of, and whether this machine's memory is enough for it. */
function tellModel({ json }: CommandSession, folder: string, found: Inspection): void {
  const { networks, totalBytes, memoryBytes } = found;
  const freeBytes = process.availableMemory();
  if (json) {
    printJson({ event: 'done', folder, totalBytes, networks, memoryBytes, freeBytes });
    return;
  }
  const rows = networks.map(({ name, parameters, bytes, dtypes }) => {
    const cells = [`${(parameters / 1e6).toFixed(1)} M`.padStart(12), size(bytes).padStart(12)];
    return `${name.padEnd(24)}${cells.join('')}  ${Object.keys(dtypes).join(', ')}, runs in float32 on the processor`;
  });
  const fits = memoryBytes.create <= freeBytes ? 'enough' : 'NOT enough: pictures will be very slow or fail';
  process.stdout.write(
    [
      folder,
      ...rows,
      `a picture needs about ${size(memoryBytes.create)} of memory, ${size(freeBytes)} are free: ${fits}`,
      `use it with --checkpoint ${folder}`,
      '',
    ].join('\n'),
  );
}
