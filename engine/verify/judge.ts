/** One case's verdict: every `out.*` tensor and every result against the reference; the worst is shown. */
import type { VerifyCase } from '../protocol.ts';
import type { ParityCase, StageOutputs } from './case.ts';
import { compareTensors, type Difference, isWithin, type Tolerances, toleranceOf } from './compare.ts';

interface Finding {
  name: string;
  difference: Difference;
  tolerance: number | string;
  ok: boolean;
}

const EQUAL: Difference = { maxAbs: 0, maxRel: 0 };
const DIFFERENT: Difference = { maxAbs: Number.POSITIVE_INFINITY, maxRel: Number.POSITIVE_INFINITY };

/** Leads the reference measured between its own scores, and the tensors those scores may be stored as. */
const MARGINS: Record<string, readonly string[]> = {
  min_top2_gap: ['out.scores', 'out.step_logits'],
  min_distance_to_a_cumulative_boundary: ['out.probabilities'],
};
/** Where a case stores no scores: cosines lie in -1..1. */
const COSINE = { scale: 2, tolerance: 5e-5 };

export async function judge(
  parityCase: ParityCase,
  outputs: StageOutputs,
  tolerances: Tolerances,
): Promise<VerifyCase> {
  const { stage, name } = parityCase;
  const findings = [
    ...(await judgeTensors(parityCase, outputs, tolerances)),
    ...(await judgeResults(parityCase, outputs.result ?? {}, tolerances)),
  ];
  const worst = findings.reduce(worse, { name: '', difference: EQUAL, tolerance: 0, ok: true });
  const failed = findings.filter((finding) => !finding.ok).map((finding) => finding.name);
  return {
    stage,
    case: name,
    maxAbs: finite(worst.difference.maxAbs),
    maxRel: finite(worst.difference.maxRel),
    tolerance: worst.tolerance,
    ok: failed.length === 0 && findings.length > 0,
    ...(failed.length > 0 ? { detail: `differs: ${failed.join(', ')}` } : {}),
    ...(findings.length === 0 ? { detail: 'the case has nothing to compare' } : {}),
  };
}

async function judgeTensors(
  parityCase: ParityCase,
  outputs: StageOutputs,
  tolerances: Tolerances,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of parityCase.tensorNames.filter((n) => n.startsWith('out.'))) {
    const difference = compareTensors(outputs.tensors[name], await parityCase.tensor(name));
    const tolerance = toleranceOf(tolerances, parityCase.stage, name);
    findings.push({ name, difference, tolerance, ok: isWithin(difference, tolerance) });
  }
  return findings;
}

/** Keys that end in `_columns` describe the table beside them and aren't results. */
async function judgeResults(
  parityCase: ParityCase,
  actual: Record<string, unknown>,
  tolerances: Tolerances,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, expected] of Object.entries(parityCase.result)) {
    if (name.endsWith('_columns')) continue;
    if (Object.hasOwn(MARGINS, name)) {
      findings.push(await judgeMargin(parityCase, name, actual[name], tolerances));
      continue;
    }
    const ok = contains(actual[name], expected);
    findings.push({ name: `result.${name}`, difference: ok ? EQUAL : DIFFERENT, tolerance: 0, ok });
  }
  return findings;
}

/** A margin may be off by what the scores it was taken from may be off. */
async function judgeMargin(
  parityCase: ParityCase,
  name: string,
  actual: unknown,
  tolerances: Tolerances,
): Promise<Finding> {
  const expected = parityCase.result[name] as number;
  const source = MARGINS[name]!.find((tensor) => parityCase.has(tensor));
  const scale = source ? largest((await parityCase.tensor(source)).data) : COSINE.scale;
  const tolerance = source ? toleranceOf(tolerances, parityCase.stage, source) : COSINE.tolerance;
  const maxAbs = typeof actual === 'number' ? Math.abs(actual - expected) : Number.POSITIVE_INFINITY;
  const difference = { maxAbs, maxRel: maxAbs === 0 ? 0 : maxAbs / scale };
  return { name: `result.${name}`, difference, tolerance, ok: isWithin(difference, tolerance) };
}

function largest(data: ArrayLike<number | bigint>): number {
  let max = 0;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(Number(data[i]));
    if (Number.isFinite(size) && size > max) max = size;
  }
  return max;
}

/** Equal, where `actual` may say more than `expected` asks. */
function contains(actual: unknown, expected: unknown): boolean {
  if (typeof expected !== 'object' || expected === null) return Object.is(actual, expected);
  if (typeof actual !== 'object' || actual === null) return false;
  if (Array.isArray(expected) && (!Array.isArray(actual) || actual.length !== expected.length)) return false;
  return Object.entries(expected).every(([key, value]) =>
    contains((actual as Record<string, unknown>)[key], value),
  );
}

/** The finding that uses most of its tolerance; equal ones by their size. */
function worse(a: Finding, b: Finding): Finding {
  const [useOfA, useOfB] = [use(a), use(b)];
  if (useOfA === useOfB) return b.difference.maxRel > a.difference.maxRel ? b : a;
  return useOfB > useOfA ? b : a;
}

function use({ difference, tolerance }: Finding): number {
  const size = typeof tolerance === 'string' ? difference.maxAbs : difference.maxRel;
  if (size === 0) return 0;
  return size / (typeof tolerance === 'string' ? Number.parseFloat(tolerance) : tolerance);
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
