#!/usr/bin/env node
/**
 * `npm start`: the window if Electron's binary and a display are there, else browser mode; `--browser` asks for it.
 * Other options go to the entry (engine/browser.ts); with `--renderer FOLDER` no page is built.
 */
import { join } from 'node:path';
import { isFresh, ROOT, runBundle } from './bundle.mjs';

const RENDERER = join(ROOT, 'dist', 'renderer');
const SOURCES = ['package.json', 'vite.config.ts', 'renderer', 'engine/wire.ts', 'engine/studio-protocol.ts'];

async function buildRenderer() {
  if (isFresh(join(RENDERER, 'index.html'), SOURCES)) return;
  const { build } = await import('vite');
  await build({ root: join(ROOT, 'renderer'), configFile: join(ROOT, 'vite.config.ts'), logLevel: 'warn' });
}

process.argv = process.argv.filter((argument) => argument !== '--browser');
if (!process.argv.includes('--renderer')) {
  await buildRenderer();
  process.argv.push('--renderer', RENDERER);
}
await runBundle('browser');
