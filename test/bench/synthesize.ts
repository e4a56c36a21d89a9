/**
 * A checkpoint of any config in the official layout, with seeded random weights, float32 or bfloat16: the networks' own
 * graphs say which tensors it needs. Its pictures mean nothing; it shows what sizes cost.
 *
 *   node --import tsx test/bench/synthesize.ts <folder> [gigabytes, default 2]
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { type CheckpointConfig, parseConfig } from '../../engine/checkpoint/config.ts';
import { buildNetworks } from '../../engine/models/networks.ts';
import type { WeightSource } from '../../engine/onnx/graph.ts';
import { elementCount } from '../../engine/runtime/tensor.ts';

const BASE = 'test/parity/alpha/checkpoint';
const BLOCK_VALUES = 2 ** 20;
/** Blocks of random values are cut out of so many, each at another place: onnxruntime keeps equal weights once. */
const POOL_VALUES = 2 ** 22;
const POOL_STEP = 1_000_003;
const SPREAD = 0.03;

export type WeightDtype = 'F32' | 'BF16';
const VALUE_BYTES: Record<WeightDtype, number> = { F32: 4, BF16: 2 };

type Shapes = Map<string, readonly number[]>;

/** Every tensor the config's networks read. */
export function tensorShapes(config: CheckpointConfig): Shapes {
  const shapes: Shapes = new Map();
  const source: WeightSource = {
    folder: '.',
    has: (name) => !/\.int[48]$/.test(name),
    locate: (name, shape) => {
      shapes.set(name, [...shape]);
      return { elementType: 'float32', shape, file: 'none', offset: 0, length: elementCount(shape) * 4 };
    },
  };
  buildNetworks(source, config);
  return shapes;
}

/** @param change of the small checkpoint's config.json. @returns bytes of weights written */
export async function synthesize(
  folder: string,
  change: (config: Record<string, never>) => void,
  tusk: object = {},
  dtype: WeightDtype = 'F32',
): Promise<number> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(BASE)) {
    if (name !== 'config.json' && !name.endsWith('.safetensors'))
      await copyFile(join(BASE, name), join(folder, name));
  }
  const config = JSON.parse(await readFile(join(BASE, 'config.json'), 'utf8'));
  change(config);
  await writeFile(join(folder, 'config.json'), JSON.stringify(config, null, 2));
  await writeFile(join(folder, 'tusk.json'), JSON.stringify(tusk));
  return writeWeights(join(folder, 'model.safetensors'), tensorShapes(parseConfig(config)), dtype);
}

/** Norm weights are ones, everything else small numbers around zero. */
async function writeWeights(path: string, shapes: Shapes, dtype: WeightDtype): Promise<number> {
  const header: Record<string, object> = {};
  let offset = 0;
  for (const [name, shape] of shapes) {
    const length = elementCount(shape) * VALUE_BYTES[dtype];
    header[name] = { dtype, shape, data_offsets: [offset, offset + length] };
    offset += length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const file = createWriteStream(path);
  const write = async (bytes: Uint8Array) => {
    if (!file.write(bytes)) await once(file, 'drain');
  };
  await write(size);
  await write(text);
  const blocks = {
    random: encode(randomPool(), dtype),
    ones: encode(new Float32Array(BLOCK_VALUES).fill(1), dtype),
  };
  let place = 0;
  for (const [name, shape] of shapes) {
    const isNorm = shape.length === 1 && name.endsWith('.weight');
    for (let left = elementCount(shape); left > 0; left -= BLOCK_VALUES) {
      const count = Math.min(left, BLOCK_VALUES);
      if (!isNorm) place = (place + POOL_STEP) % (POOL_VALUES - BLOCK_VALUES);
      const from = isNorm ? 0 : place;
      const block = isNorm ? blocks.ones : blocks.random;
      await write(block.subarray(from * VALUE_BYTES[dtype], (from + count) * VALUE_BYTES[dtype]));
    }
  }
  file.end();
  await finished(file);
  return offset;
}

/** Of a bfloat16 the upper half of a float32 is left. */
function encode(floats: Float32Array, dtype: WeightDtype): Uint8Array {
  const words = new Uint16Array(floats.slice().buffer);
  const kept =
    dtype === 'F32' ? words : Uint16Array.from({ length: floats.length }, (_, i) => words[2 * i + 1]!);
  return new Uint8Array(kept.buffer);
}

/** The linear congruential generator of "Numerical Recipes". */
function randomPool(): Float32Array {
  let state = 7;
  return Float32Array.from({ length: POOL_VALUES }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return SPREAD * (state / 2 ** 31 - 1);
  });
}

/** Text decoder of about `gigabytes` less a tenth, and a diffusion transformer for the rest. */
export function scaleTo(gigabytes: number) {
  const width = 1024;
  const feedForward = 4096;
  const layerBytes = 4 * (3 * width ** 2 + 6 * width * feedForward);
  const layers = Math.max(1, Math.round((gigabytes * 0.9e9) / layerBytes));
  return (config: Record<string, Record<string, Record<string, unknown>>>): void => {
    Object.assign(config.llm_config!.text_config!, {
      hidden_size: width,
      intermediate_size: feedForward,
      num_hidden_layers: layers,
      num_attention_heads: 16,
      num_key_value_heads: 8,
      head_dim: 64,
      rope_scaling: { rope_type: 'default', mrope_interleaved: true, mrope_section: [16, 8, 8] },
    });
    Object.assign(config.llm_config!.vision_config!, { out_hidden_size: width });
    const rope = { axes_dim_rope: [16, 24, 24], axes_lens: [600, 512, 512] };
    Object.assign(config.gen_dit_config!, {
      ...rope,
      text_feat_dim: width,
      hidden_size: 768,
      num_layers: 5,
      num_attention_heads: 12,
      num_kv_heads: 4,
    });
    Object.assign(config, { gen_axes_dim_rope: rope.axes_dim_rope, gen_axes_lens: rope.axes_lens });
  };
}

/** A short run: every weight is read, few tokens and steps are made. */
export const SHORT_RUN = { sizes: [[128, 128]], steps: 2, negative_prompt: 'blurred' };

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [folder, gigabytes = '2'] = process.argv.slice(2);
  if (folder === undefined) throw new Error('Say where: synthesize.ts <folder> [gigabytes]');
  const bytes = await synthesize(folder, scaleTo(Number(gigabytes)), SHORT_RUN);
  console.log(`${folder}: ${(bytes / 1e9).toFixed(2)} GB`);
}
