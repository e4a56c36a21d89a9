/** The best screens of `npm run screenshots` as small WebP files for the README: `node scripts/readme-pictures.mjs`. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

const FOLDER = 'docs/screenshots';
const WIDTH = 1280;
const QUALITY = 80;

const BEST = {
  studio: 'studio-1280-light',
  variations: 'made-1280-dark',
  working: 'working-1280-light',
  compare: 'compare-1280-dark',
  drift: 'drift-1280-light',
  words: 'slip-1280-light',
  library: 'library-selection-1280-dark',
  models: 'models-inside-1280-light',
};

await mkdir(FOLDER, { recursive: true });
for (const [name, screen] of Object.entries(BEST))
  await sharp(join('screenshots', `${screen}.png`))
    .resize({ width: WIDTH })
    .webp({ quality: QUALITY })
    .toFile(join(FOLDER, `${name}.webp`));
