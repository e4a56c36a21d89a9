/**
 * `npm test`: types, format and lint, then every test file, two at a time. The last line counts them all.
 *
 *   npm test                          everything
 *   npm test -- test/unit/checkpoint  test files under these paths only
 *   npm run test:long                 everything, with the long versions (`TUSK_TEST_LONG=1`), and the page's faults
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';

const FOLDERS = ['test/unit', 'test/parity', 'test/faults'];
const CHECKS = [
  ['types', ['tsc', '-p', '.']],
  ['format and lint', ['biome', 'check', '.']],
] as const;
const FILES_AT_ONCE = 2;
const args = process.argv.slice(2);
const isLong = args.includes('--long');
const FILE_TIMEOUT_MS = (isLong ? 90 : 15) * 60_000;
/** Reloads and breaks of the page, in a browser. */
const LONG_PAGE = ['playwright', 'test', 'lost'];

interface Totals {
  passed: number;
  failed: number;
}

interface Report extends Totals {
  file: string;
  milliseconds: number;
}

interface Outcome {
  details: { type?: string | undefined };
  skip?: string | boolean | undefined;
}

function check(totals: Totals, name: string, [command, ...rest]: readonly string[]): void {
  const { status } = spawnSync(join('node_modules', '.bin', command!), rest, { stdio: 'inherit' });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name}`);
  totals[status === 0 ? 'passed' : 'failed'] += 1;
}

function testFiles(paths: readonly string[]): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => paths.length === 0 || paths.some((path) => file.startsWith(path)))
    .sort();
}

const isCounted = (data: Outcome) => data.details.type !== 'suite' && data.skip === undefined;

/** Prints each failure in full and a line a file. Reports of one file come together, in order of files. */
async function runFiles(totals: Totals, files: string[]): Promise<void> {
  let report = newReport('');
  for await (const event of run({ files, concurrency: FILES_AT_ONCE, timeout: FILE_TIMEOUT_MS })) {
    if (event.type === 'test:stderr') console.log(event.data.message.trimEnd());
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const file = relative('.', event.data.file ?? event.data.name);
    if (file !== report.file) {
      closeReport(totals, report);
      report = newReport(file);
    }
    if (event.data.nesting === 0) report.milliseconds += event.data.details.duration_ms;
    if (isCounted(event.data)) report[event.type === 'test:pass' ? 'passed' : 'failed'] += 1;
    if (event.type === 'test:fail') showFailure(event.data.name, event.data.details.error);
  }
  closeReport(totals, report);
}

const newReport = (file: string): Report => ({ file, passed: 0, failed: 0, milliseconds: 0 });

function closeReport(totals: Totals, { file, passed, failed, milliseconds }: Report): void {
  totals.passed += passed;
  totals.failed += failed;
  const verdict = failed > 0 ? 'FAIL' : 'ok  ';
  if (file)
    console.log(`${verdict} ${file}: ${passed} passed, ${failed} failed (${Math.round(milliseconds)} ms)`);
}

function showFailure(name: string, error: Error): void {
  if (error.cause === '1 subtest failed' || String(error.cause).endsWith('subtests failed')) return;
  console.log(`\nFAIL ${name}\n`, error.cause instanceof Error ? error.cause : error.message, '\n');
}

const paths = args.filter((arg) => !arg.startsWith('--')).map((path) => join(path));
if (isLong) process.env.TUSK_TEST_LONG = '1';
const totals: Totals = { passed: 0, failed: 0 };
if (paths.length === 0) for (const [name, command] of CHECKS) check(totals, name, command);
const files = testFiles(paths);
if (files.length > 0) await runFiles(totals, files);
if (isLong && paths.length === 0) check(totals, 'the page, long', LONG_PAGE);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
