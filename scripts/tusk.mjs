#!/usr/bin/env node
/** Runs the command line from a bundle in dist/, made anew when a source file is newer than it. */
import { readdirSync, statSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
/** The entry written last: when it is fresh, all are. */
const ENTRIES = { process: 'engine/process.ts', cli: 'engine/cli/main.ts' };
const LAST = join(DIST, 'cli.js');

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function isFresh() {
  const built = modified(LAST);
  if (built === 0 || modified(join(ROOT, 'package.json')) > built) return false;
  const sources = readdirSync(join(ROOT, 'engine'), { recursive: true, encoding: 'utf8' });
  return sources.every((name) => modified(join(ROOT, 'engine', name)) <= built);
}

/** Files are renamed into place, so that two commands may build at once. */
async function build() {
  const { build: bundle } = await import('esbuild');
  const { outputFiles } = await bundle({
    entryPoints: Object.entries(ENTRIES).map(([out, path]) => ({ out, in: join(ROOT, path) })),
    outdir: DIST,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    write: false,
  });
  await mkdir(DIST, { recursive: true });
  for (const { path, contents } of outputFiles) {
    await writeFile(`${path}.${process.pid}`, contents);
    await rename(`${path}.${process.pid}`, path);
  }
}

if (!isFresh()) await build();
await import(LAST);
