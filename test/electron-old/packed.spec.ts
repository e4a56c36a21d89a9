/** What electron-builder packs: everything the engine needs is there and loads from where it lies. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { extractAll, listPackage, statFile } from '@electron/asar';
import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import { pack } from './pack.ts';

const NATIVE = /\.(node|so(\.\d+)*|dylib|dll)$/;
const run = promisify(execFile);

let packed: string;
let archive: string;
let folder: string;

test.beforeAll(async () => {
  test.setTimeout(400_000);
  packed = await pack();
  archive = join(packed, 'resources', 'app.asar');
  folder = await mkdtemp(join(tmpdir(), 'tusk-packed-'));
});

test.afterAll(() => rm(folder, { recursive: true, force: true }));

const nameInArchive = (path: string): string => path.replace(/^[/\\]/, '');
const filesOfArchive = (): string[] => listPackage(archive, { isPack: false }).map(nameInArchive);

test('native code lies beside the archive, and only that of this system', async () => {
  const native = filesOfArchive().filter((name) => NATIVE.test(name));
  for (const part of ['onnxruntime_binding.node', 'libonnxruntime.so', 'libvips', 'sharp', 'libsql'])
    expect(native.some((name) => name.includes(part))).toBe(true);
  const inside = native.filter((name) => !(statFile(archive, name) as { unpacked?: boolean }).unpacked);
  expect(inside).toEqual([]);
  expect(native.filter((name) => /win32|darwin/.test(name))).toEqual([]);
});

test('networks are ordinary files, equal in size to those of the repository', async () => {
  for (const name of ['model', 'upscaler']) {
    const weights = (await readdir(join(packed, 'resources', name))).filter((file) =>
      file.endsWith('.safetensors'),
    );
    expect(weights.length).toBeGreaterThan(0);
    for (const file of weights) {
      const sizes = [join(packed, 'resources', name, file), join('assets', name, file)].map(sizeOf);
      expect(new Set(await Promise.all(sizes)).size).toBe(1);
    }
  }
});

const sizeOf = async (path: string): Promise<number> => (await stat(path)).size;

test('nothing of development is inside', () => {
  const strangers = filesOfArchive().filter((name) =>
    /^(test|training|assets\/model|renderer|electron|engine|scripts|docs|\.)|node_modules\/(electron|vite|typescript|react|@playwright|tsx)\//.test(
      name,
    ),
  );
  expect(strangers).toEqual([]);
});

/** Plain Node can't look into an archive: its files, those beside it included, laid out as the app sees them. */
async function laidOut(): Promise<string> {
  const target = join(folder, 'app');
  extractAll(archive, target);
  return target;
}

test('the packed engine makes a picture with the packed model', async () => {
  const app = await laidOut();
  const out = join(folder, 'apple.png');
  const model = join(packed, 'resources', 'model');
  await run(process.execPath, [
    join(app, 'dist', 'cli.js'),
    ...['create', 'a red apple', '--checkpoint', model, '--seed', '7', '--out', out],
  ]);
  const { width, height } = await sharp(out).metadata();
  expect(Math.min(width, height)).toBeGreaterThan(16);
  expect((await sharp(out).stats()).channels[0]!.stdev).toBeGreaterThan(1);
});

test('the packed studio opens a library', async () => {
  const app = await laidOut();
  const args = ['--library', join(folder, 'library'), '--renderer', join(app, 'dist', 'renderer')];
  const studio = spawn(process.execPath, [join(app, 'dist', 'browser.js'), ...args, '--checkpoint', 'x'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: studio.stdout }), 'line');
  expect(line).toMatch(/^Tusk is at http:/);
  const ended = once(studio, 'exit');
  studio.kill('SIGTERM');
  await ended;
  expect(await readdir(join(folder, 'library'))).toContain('library.db');
});
