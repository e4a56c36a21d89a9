/**
 * Assembles engine/hub/kernels/rounding.wat into rounding-bytes.ts beside it, which is kept with the sources:
 *
 *   npm run kernels
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import wabt from 'wabt';

const SOURCE = fileURLToPath(new URL('../engine/hub/kernels/rounding.wat', import.meta.url));
const RESULT = fileURLToPath(new URL('../engine/hub/kernels/rounding-bytes.ts', import.meta.url));

/** In base64. @throws Error with the line that isn't understood */
export async function assembleRounding(): Promise<string> {
  const { parseWat } = await wabt();
  const module = parseWat(SOURCE, await readFile(SOURCE, 'utf8'), { simd: true });
  module.validate();
  return Buffer.from(module.toBinary({}).buffer).toString('base64');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await writeFile(
    RESULT,
    `/** rounding.wat, assembled by \`npm run kernels\`. */\nexport const ROUNDING_BASE64 =\n  '${await assembleRounding()}';\n`,
  );
