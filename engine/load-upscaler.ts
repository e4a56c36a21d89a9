/** The enlarging network as a ready object. It comes with Tusk and belongs to no checkpoint. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Checkpoint } from './checkpoint/checkpoint.ts';
import type { UpscaleFactor } from './models/upscaler/config.ts';
import { buildUpscaler } from './models/upscaler/graph.ts';
import { Session, type SessionOptions } from './runtime/session.ts';
import { Upscaler } from './upscaling/upscaler.ts';

const EMBEDDED = fileURLToPath(new URL('../assets/upscaler', import.meta.url));
const WEIGHTS = 'upscaler.safetensors';

/** @param folder absent = the one of the repository. @throws TuskError `checkpoint-missing`, `checkpoint-damaged`. */
export async function loadUpscaler(
  factor: UpscaleFactor,
  folder = EMBEDDED,
  options: SessionOptions = {},
): Promise<Upscaler> {
  const weights = await Checkpoint.ofFile(join(folder, WEIGHTS));
  return new Upscaler(factor, await Session.create(buildUpscaler(weights, factor), options));
}
