#!/usr/bin/env node
/**
 * `npm start`: the window if Electron's binary and a display are there, else browser mode; `--browser` asks for it.
 * Other options go to the entry (engine/browser.ts); with `--renderer FOLDER` no page is built.
 */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isFresh, ROOT, runBundle } from './bundle.mjs';
import { electronBinary } from './electron-binary.mjs';

const RENDERER = join(ROOT, 'dist', 'renderer');
const SOURCES = ['package.json', 'vite.config.ts', 'renderer', 'engine/wire.ts', 'engine/studio-protocol.ts'];

async function buildRenderer() {
  if (isFresh(join(RENDERER, 'index.html'), SOURCES)) return;
  const { build } = await import('vite');
  await build({ root: join(ROOT, 'renderer'), configFile: join(ROOT, 'vite.config.ts'), logLevel: 'warn' });
}

/** Where the window's processes find folders that were named on the command line. */
function foldersInEnvironment() {
  const options = { library: { type: 'string' }, checkpoint: { type: 'string' } };
  const { library, checkpoint } = parseArgs({ options, strict: false }).values;
  return {
    ...(library && { TUSK_LIBRARY: resolve(library) }),
    ...(checkpoint && { TUSK_CHECKPOINT: resolve(checkpoint) }),
  };
}

const hasDisplay = () =>
  process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

async function startWindow(binary) {
  const { buildElectron } = await import('./build-electron.mjs');
  await buildElectron();
  const env = { ...process.env, ...foldersInEnvironment() };
  const child = spawn(binary, [ROOT, ...process.argv.slice(2)], { stdio: 'inherit', env });
  child.on('exit', (code) => process.exit(code ?? 1));
}

async function startBrowserMode() {
  process.argv = process.argv.filter((argument) => argument !== '--browser');
  if (!process.argv.includes('--renderer')) process.argv.push('--renderer', RENDERER);
  await runBundle('browser');
}

if (!process.argv.includes('--renderer')) await buildRenderer();
const binary = process.argv.includes('--browser') ? undefined : electronBinary();
if (binary && hasDisplay()) await startWindow(binary);
else await startBrowserMode();
