/** Bundles for Electron 9 in out/electron-old/: main and preload for Node 12, the page for Chromium 83. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { build as buildPage } from 'vite';
import { buildEngine, ROOT } from '../../scripts/bundle.mjs';

const HERE = join(ROOT, 'test', 'electron-old');
export const OLD_APP = join(ROOT, 'out', 'electron-old');
const DIST = join(OLD_APP, 'dist');

/** Modules of electron/ get electron.ts, everything else the real package. */
const electronForShell: Plugin = {
  name: 'electron',
  setup({ onResolve }) {
    onResolve({ filter: /^electron$/ }, ({ importer }) =>
      importer.startsWith(join(ROOT, 'electron') + sep)
        ? { path: join(HERE, 'electron.ts') }
        : { path: 'electron', external: true },
    );
  },
};

/** `fs/promises` is no module of its own in Node 12. */
const oldNodeModules: Plugin = {
  name: 'node 12',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?fs\/promises$/ }, () => ({ path: 'fs/promises', namespace: 'node-12' }));
    onLoad({ filter: /.*/, namespace: 'node-12' }, () => ({
      contents: `module.exports = require('fs').promises`,
    }));
  },
};

const forNode12: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node12.14',
  logLevel: 'warning',
};

export async function buildOldApp(): Promise<void> {
  await mkdir(DIST, { recursive: true });
  await buildEngine();
  await cp(join(ROOT, 'assets', 'icons'), join(OLD_APP, 'assets', 'icons'), { recursive: true });
  for (const name of ['studio-process.js', 'process.js'])
    await cp(join(ROOT, 'dist', name), join(DIST, name));
  await build({
    ...forNode12,
    entryPoints: [join(HERE, 'app.ts')],
    outfile: join(DIST, 'electron', 'main.cjs'),
    plugins: [electronForShell, oldNodeModules],
  });
  await build({
    ...forNode12,
    entryPoints: [join(ROOT, 'electron', 'preload.ts')],
    outfile: join(DIST, 'electron', 'preload.cjs'),
    external: ['electron'],
  });
  await build({
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    entryPoints: [join(HERE, 'utility-bootstrap.ts')],
    outfile: join(DIST, 'utility-bootstrap.mjs'),
  });
  await buildPage({
    root: join(ROOT, 'renderer'),
    configFile: join(HERE, 'vite.config.ts'),
    logLevel: 'warn',
  });
  await writeFile(
    join(OLD_APP, 'package.json'),
    JSON.stringify({ name: 'tusk', type: 'module', main: 'dist/electron/main.cjs' }),
  );
}
