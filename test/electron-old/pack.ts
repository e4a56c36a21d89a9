/** electron-builder.yml built for real, as a folder for Linux: on Electron 9.4.1, which is older than the fuses. */
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { build, type Configuration, Platform } from 'electron-builder';
import { ROOT } from '../../scripts/bundle.mjs';
import { OLD_VERSION, oldElectronBinary } from './find.ts';

/** @returns the folder of the packed app. */
export async function pack(): Promise<string> {
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build-electron.mjs')], { stdio: 'inherit' });
  const output = join(ROOT, 'out', 'packed');
  const config: Configuration = {
    electronVersion: OLD_VERSION,
    electronDist: dirname(oldElectronBinary()),
    electronFuses: null,
    directories: { output },
  };
  await build({
    projectDir: ROOT,
    targets: Platform.LINUX.createTarget('dir'),
    config,
    publish: 'never',
  });
  return join(output, 'linux-unpacked');
}
