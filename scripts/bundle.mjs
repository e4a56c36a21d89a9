/** Bundles of the engine for plain Node in dist/, made anew when a source file is newer than they are. */
import { readdirSync, statSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
/** The entry written last: when it is fresh, all are. */
const ENTRIES = {
  process: 'engine/process.ts',
  'studio-process': 'engine/studio-process.ts',
  browser: 'engine/browser.ts',
  cli: 'engine/cli/main.ts',
};
const LAST = join(DIST, 'cli.js');

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** @param sources files and folders, from the root. @returns true if `result` is newer than all of them. */
export function isFresh(result, sources) {
  const built = modified(result);
  const names = sources.flatMap((source) => [source, ...filesUnder(source)]);
  return built > 0 && names.every((name) => modified(join(ROOT, name)) <= built);
}

function filesUnder(source) {
  if (!statSync(join(ROOT, source)).isDirectory()) return [];
  return readdirSync(join(ROOT, source), { recursive: true, encoding: 'utf8' }).map((name) =>
    join(source, name),
  );
}

/** Makes the bundles if they are old. */
export async function buildEngine() {
  if (isFresh(LAST, ['package.json', 'engine'])) return;
  await bundle({
    entryPoints: Object.entries(ENTRIES).map(([out, path]) => ({ out, in: join(ROOT, path) })),
    outdir: DIST,
    packages: 'external',
    format: 'esm',
    target: 'node20',
  });
}

/** @param options of esbuild. Files are renamed into place, so that two commands may build at once. */
export async function bundle(options) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({ bundle: true, platform: 'node', write: false, ...options });
  await mkdir(options.outdir, { recursive: true });
  for (const { path, contents } of outputFiles) {
    await writeFile(`${path}.${process.pid}`, contents);
    await rename(`${path}.${process.pid}`, path);
  }
}

/** Runs an entry's bundle in this process. */
export async function runBundle(entry) {
  await buildEngine();
  await import(join(DIST, `${entry}.js`));
}
