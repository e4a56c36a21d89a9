/** Electron's binary, if it was installed. Importing the package would download it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './bundle.mjs';

export function electronBinary() {
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(ROOT, 'node_modules', 'electron', 'dist');
  const pathFile = join(ROOT, 'node_modules', 'electron', 'path.txt');
  const binary = join(folder, existsSync(pathFile) ? readFileSync(pathFile, 'utf8') : 'electron');
  return existsSync(binary) ? binary : undefined;
}
