#!/usr/bin/env node
/** Everything the desktop app runs, in dist/: page, engine, studio, and the shell itself. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as buildPage } from 'vite';
import { buildEngine, bundle, isFresh, ROOT } from './bundle.mjs';

const SHELL = join(ROOT, 'dist', 'electron');
const ENTRIES = { main: 'electron/main.ts', preload: 'electron/preload.ts' };
const SOURCES = ['package.json', 'electron', 'engine/page.ts', 'engine/files.ts'];

/** CommonJS: a preload in a sandbox can be nothing else. */
async function buildShell() {
  if (isFresh(join(SHELL, 'preload.cjs'), SOURCES)) return;
  await bundle({
    entryPoints: Object.entries(ENTRIES).map(([out, path]) => ({ out, in: join(ROOT, path) })),
    outdir: SHELL,
    outExtension: { '.js': '.cjs' },
    external: ['electron'],
    format: 'cjs',
    target: 'node22',
  });
}

export async function buildElectron() {
  await buildEngine();
  await buildShell();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildPage({
    root: join(ROOT, 'renderer'),
    configFile: join(ROOT, 'vite.config.ts'),
    logLevel: 'warn',
  });
  await buildElectron();
}
