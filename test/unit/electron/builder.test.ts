/** electron-builder.yml against the builder's own schema, and against what must hold of the installed app. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { FuseV1Options } from '@electron/fuses';
import type { Configuration } from 'electron-builder';
import sharp from 'sharp';

interface Builder {
  getConfig(folder: string, path: null, options: null): Promise<Configuration>;
  validateConfiguration(config: object, debug: { isEnabled: boolean }): Promise<void>;
}

const require = createRequire(import.meta.url);
const builder = require('app-builder-lib/out/util/config/config') as Builder;
const validate = (config: object) => builder.validateConfiguration(config, { isEnabled: false });
let config: Configuration;

before(async () => {
  config = await builder.getConfig('.', null, null);
});

test("the builder's schema accepts it, and would refuse a misspelt setting", async () => {
  await validate(config);
  await assert.rejects(validate({ ...config, asarUnpak: [] }), /asarUnpak/);
});

const camelCase = (name: string): string => name[0]!.toLowerCase() + name.slice(1);

test('every fuse the installed @electron/fuses knows is set, each to the safe side', () => {
  const known = Object.keys(FuseV1Options).filter((name) => Number.isNaN(Number(name)));
  assert.deepEqual(Object.keys(config.electronFuses!).sort(), known.map(camelCase).sort());
  assert.deepEqual(config.electronFuses, {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
  });
});

test('native modules are unpacked and the networks are ordinary files', () => {
  for (const name of ['onnxruntime-node', 'sharp', '@img', 'libsql', '@libsql'])
    assert.ok([config.asarUnpack].flat().includes(`node_modules/${name}/**`), name);
  assert.deepEqual(config.extraResources, [
    { from: 'assets/model', to: 'model' },
    { from: 'assets/upscaler', to: 'upscaler', filter: ['upscaler.safetensors', 'LICENSE'] },
  ]);
  assert.equal(config.asar, true);
});

test("each system's icon is there, in the sizes it asks for", async () => {
  const [ico, icns] = [readFileSync(String(config.win!.icon)), readFileSync(String(config.mac!.icon))];
  const sides = Array.from({ length: ico.readUInt16LE(4) }, (_, index) => ico[6 + 16 * index] || 256);
  assert.ok([16, 32, 48, 256].every((side) => sides.includes(side)));
  assert.equal(icns.toString('latin1', 0, 4), 'icns');
  assert.equal(icns.readUInt32BE(4), icns.length);
  for (const name of readdirSync(String(config.linux!.icon))) {
    const { width, height, format, hasAlpha } = await sharp(
      join(String(config.linux!.icon), name),
    ).metadata();
    assert.deepEqual([`${width}x${height}.${format}`, hasAlpha], [name, true]);
  }
});

test('no address stands in for one that only a packager knows', () => {
  assert.equal(config.publish, undefined);
  assert.doesNotMatch(readFileSync('electron-builder.yml', 'utf8'), /\.invalid/);
});

test('three systems, and .tusk belongs to Tusk', () => {
  assert.equal(config.win!.target, 'nsis');
  assert.deepEqual(config.mac!.target, [{ target: 'dmg', arch: 'arm64' }]);
  assert.deepEqual(config.linux!.target, ['AppImage', 'deb']);
  assert.equal([config.fileAssociations].flat()[0]!.ext, 'tusk');
});
