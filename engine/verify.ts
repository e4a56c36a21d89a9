/**
 * Runs the parity cases of a folder through the code the verbs use and compares every `out.*` tensor and every
 * result with what the official code computed. This is how a person finds out whether pictures made on a new
 * machine or provider can be trusted.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ChosenDevice } from './devices/devices.ts';
import { TuskError, throwIfCancelled, toTuskError } from './errors.ts';
import type { Emit, VerifyCase, VerifyResult } from './protocol.ts';
import { runDevice } from './run-device.ts';
import { ParityCase } from './verify/case.ts';
import { type Tolerances, widened } from './verify/compare.ts';
import { judge } from './verify/judge.ts';
import { everythingOn } from './verify/parts.ts';
import { STAGES } from './verify/stages.ts';

interface CasePlace {
  variant: string;
  stage: string;
  name: string;
}

interface VerifyOptions {
  /** Only this stage. */
  stage?: string | undefined;
  /** Computes the parts that it may have; absent: the processor computes all. */
  device?: ChosenDevice | undefined;
  emit: Emit;
  signal: AbortSignal;
}

/**
 * @param folder one variant (it holds `cases`), or a folder of variants with `tolerances.json` beside them
 * @throws TuskError `not-found` if the folder has no case of that stage.
 */
export async function verify(
  folder: string,
  { stage, device, emit, signal }: VerifyOptions,
): Promise<VerifyResult> {
  const places = (await listCases(folder)).filter((place) => stage === undefined || place.stage === stage);
  if (places.length === 0) {
    throw new TuskError('not-found', `${folder} holds no parity case${stage ? ` of stage ${stage}` : ''}.`, {
      hint: 'Give a folder laid out as test/parity/FORMAT.md says.',
    });
  }
  if (device) emit({ event: 'placed', device: runDevice(device, everythingOn(device)) });
  const cases: VerifyCase[] = [];
  for (const place of places) {
    throwIfCancelled(signal);
    const verdict = await verifyCase(place, device);
    cases.push(verdict);
    emit({ event: 'verified', case: verdict });
  }
  const passed = cases.filter((c) => c.ok).length;
  return { cases, passed, failed: cases.length - passed };
}

async function verifyCase(
  { variant, stage, name }: CasePlace,
  device: ChosenDevice | undefined,
): Promise<VerifyCase> {
  try {
    const runner = STAGES[stage];
    if (!runner) throw new TuskError('not-found', `There is no check for the stage "${stage}".`);
    const parityCase = await ParityCase.read(variant, stage, name);
    const { run } = await runner();
    const tolerances = widened(await readTolerances(variant), device?.device.provider ?? 'cpu');
    return await judge(parityCase, await run(parityCase, device), tolerances);
  } catch (thrown) {
    const detail = toTuskError(thrown).message;
    return { stage, case: name, maxAbs: null, maxRel: null, tolerance: 0, ok: false, detail };
  }
}

/** Cases in the order of the pipeline, then of their names. */
async function listCases(folder: string): Promise<CasePlace[]> {
  const order = Object.keys(STAGES);
  const rank = (stage: string) => (order.includes(stage) ? order.indexOf(stage) : order.length);
  const places: CasePlace[] = [];
  for (const variant of await listVariants(folder)) {
    const stages = await folderNames(join(variant, 'cases'));
    for (const stage of stages.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))) {
      const files = (await readdir(join(variant, 'cases', stage))).filter((file) => file.endsWith('.json'));
      places.push(...files.sort().map((file) => ({ variant, stage, name: basename(file, '.json') })));
    }
  }
  return places;
}

async function listVariants(folder: string): Promise<string[]> {
  if (!(await isFolder(folder))) {
    throw new TuskError('not-found', `There is no folder ${folder}.`, {
      hint: 'Give a folder laid out as test/parity/FORMAT.md says.',
    });
  }
  if (await isFolder(join(folder, 'cases'))) return [folder];
  const inside = (await folderNames(folder)).map((name) => join(folder, name));
  const withCases = await Promise.all(inside.map((path) => isFolder(join(path, 'cases'))));
  return inside.filter((_, i) => withCases[i]);
}

async function folderNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );

/** From the variant's own folder, or the one above it. */
async function readTolerances(variant: string): Promise<Tolerances> {
  for (const folder of [variant, dirname(variant)]) {
    const text = await readFile(join(folder, 'tolerances.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) return (JSON.parse(text) as { stages: Tolerances }).stages;
  }
  throw new TuskError('not-found', `There is no tolerances.json in or above ${variant}.`);
}
