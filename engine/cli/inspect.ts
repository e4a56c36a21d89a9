/** `tusk info` and `tusk verify`: what a checkpoint is, and whether this machine computes it rightly. */
import { TuskError } from '../errors.ts';
import type { CheckpointInfo, DeviceInfo, VerifyCase } from '../protocol.ts';
import { type Arguments, providerOption, textOption, UsageError } from './arguments.ts';
import { describeFound } from './devices.ts';
import { describeDevice, describePlans } from './memory.ts';
import { type CommandSession, printJson, runVerb } from './session.ts';

export async function runInfo(session: CommandSession, parsed: Arguments): Promise<void> {
  const [folder, ...rest] = parsed.positionals;
  if (rest.length > 0) throw new UsageError('info takes one checkpoint folder.');
  const checkpoint = folder ?? textOption(parsed, 'checkpoint');
  const info = await runVerb(session, 'info', { checkpoint, deep: parsed.values.quick !== true });
  const { devices } = await runVerb(session, 'devices', {});
  if (session.json) printJson({ event: 'done', ...info, devices });
  else process.stdout.write(describeInfo(info, devices));
  const [broken] = info.nonFinite ?? [];
  if (broken !== undefined) throw notFinite(broken, info.nonFinite!.length);
}

function notFinite(tensor: string, count: number): TuskError {
  return new TuskError(
    'non-finite',
    `The tensor "${tensor}" holds values that are not finite (${count} do).`,
    {
      hint: 'Fetch or copy the checkpoint again.',
    },
  );
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function describeInfo(info: CheckpointInfo, devices: readonly DeviceInfo[]): string {
  const rows = info.networks.map(({ name, parameters, bytes, dtypes }) =>
    [
      name.padEnd(24),
      `${(parameters / 1e6).toFixed(2)} M`.padStart(12),
      megabytes(bytes).padStart(12),
      `  ${Object.keys(dtypes).join(', ')}`,
    ].join(''),
  );
  const { size, grid, steps, guidance } = info.defaults;
  return [
    `${info.name}  (${info.path})`,
    `${'network'.padEnd(24)}${'parameters'.padStart(12)}${'on disk'.padStart(12)}  dtype`,
    ...rows,
    ...describePlans(info),
    info.device ? describeDevice(info.device) : 'the processor computes all',
    ...devices.map((device) => `  ${describeFound(device)}`),
    `default: ${size.width} x ${size.height}, plan ${grid.rows} x ${grid.columns}, ${steps} steps, guidance ${guidance}`,
    '',
  ].join('\n');
}

export async function runVerify(session: CommandSession, parsed: Arguments): Promise<void> {
  const [folder, ...rest] = parsed.positionals;
  if (folder === undefined || rest.length > 0) throw new UsageError('verify needs one parity folder.');
  const { client, signal, json } = session;
  const result = await client().run(
    'verify',
    { folder, stage: textOption(parsed, 'stage'), device: providerOption(parsed) },
    {
      signal,
      onEvent: (event) => {
        if (json && event.event === 'placed') printJson(event);
        else if (event.event === 'placed') process.stdout.write(`${describeDevice(event.device!)}\n`);
        if (event.event !== 'verified') return;
        if (json) printJson(event.case);
        else process.stdout.write(`${describeCase(event.case)}\n`);
      },
    },
  );
  if (!json) process.stdout.write(`${result.passed} ok, ${result.failed} not ok\n`);
  if (result.failed === 0) return;
  throw new TuskError(
    'internal',
    `${result.failed} of ${result.cases.length} cases differ from the reference.`,
    {
      hint: "Pictures made with these numbers can't be trusted.",
    },
  );
}

function describeCase({ stage, case: name, maxAbs, maxRel, tolerance, ok, detail }: VerifyCase): string {
  const size = typeof tolerance === 'string' ? maxAbs : maxRel;
  const shown = size === null ? 'no number' : size === 0 ? 'equal' : size.toExponential(1);
  const limit = tolerance === 0 ? 'equal' : String(tolerance);
  const verdict = ok ? 'ok' : 'NOT OK';
  return `${stage.padEnd(18)}${name.padEnd(28)}${shown.padStart(10)}  of ${limit.padEnd(14)}${verdict}${detail ? `  ${detail}` : ''}`;
}
