/** Compiled checkpoints: the products of their layers, resuming to the same bytes, pictures without the source. */
import assert from 'node:assert/strict';
import { copyFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Checkpoint } from '../../../engine/checkpoint/checkpoint.ts';
import { TINY_DECODER_FILE } from '../../../engine/checkpoint/weight-files.ts';
import { encodeSafetensors } from '../../../engine/checkpoint/write-safetensors.ts';
import { create } from '../../../engine/create.ts';
import { compileCheckpoint } from '../../../engine/hub/compile.ts';
import { ROUNDING_BASE64 } from '../../../engine/hub/kernels/rounding-bytes.ts';
import { toInt4, toInt8 } from '../../../engine/hub/quantise.ts';
import { RoundingKernels } from '../../../engine/hub/rounding-kernels.ts';
import { Model } from '../../../engine/load.ts';
import { GraphBuilder } from '../../../engine/onnx/graph.ts';
import { VERBS } from '../../../engine/protocol.ts';
import { floatOutput, Session } from '../../../engine/runtime/session.ts';
import { floatTensor } from '../../../engine/runtime/tensor.ts';
import { Workbench } from '../../../engine/workbench.ts';
import { assembleRounding } from '../../../scripts/kernels.ts';
import { INTACT } from '../../helpers/checkpoint-folder.ts';
import { seededRandom } from '../../helpers/random.ts';

let parent: string;
before(async () => {
  parent = await mkdtemp(join(tmpdir(), 'tusk-compile-'));
});
after(() => rm(parent, { recursive: true }));

const ROWS = 5;
const IN = 200;
const OUT = 24;

/** Spread evenly around 0. */
function randomFloats(count: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => random() - 0.5);
}

/** A layer's output from the weights as they are, and from a file that holds them quantised. */
async function layerError(precision: 'int4' | 'int8'): Promise<number> {
  const weights = randomFloats(IN * OUT, 1);
  const rows = randomFloats(ROWS * IN, 2);
  const { numbers, scales } = precision === 'int4' ? toInt4(weights, IN) : toInt8(weights, IN);
  const shape = precision === 'int4' ? [OUT, 2, 64] : [IN, OUT];
  const path = join(parent, `${precision}.safetensors`);
  const dtype = precision === 'int4' ? 'U8' : 'I8';
  const file = encodeSafetensors({
    [`a.weight.${precision}`]: { dtype, shape, data: numbers },
    [`a.weight.${precision}_scale`]: { dtype: 'F32', shape: [scales.length], data: scales },
  });
  await writeFile(path, file);
  const graph = new GraphBuilder('layer', await Checkpoint.ofFile(path));
  const x = graph.input('x', 'float32', ['rows', IN]);
  graph.output('y', graph.linear(x, 'a', IN, OUT, false), 'float32', ['rows', OUT]);
  const session = await Session.create(graph.finish(), { threads: 1 });
  const y = floatOutput(await session.run({ x: floatTensor(rows, [ROWS, IN]) }), 'y').data;
  await session.dispose();
  let squares = 0;
  let total = 0;
  for (let i = 0; i < y.length; i++) {
    const [row, out] = [Math.floor(i / OUT), i % OUT];
    let exact = 0;
    for (let k = 0; k < IN; k++) exact += rows[row * IN + k]! * weights[out * IN + k]!;
    squares += (y[i]! - exact) ** 2;
    total += exact ** 2;
  }
  return Math.sqrt(squares / total);
}

test('a layer of 8-bit numbers is off by a hundredth, one of 4 bits by a tenth', async () => {
  const [eight, four] = [await layerError('int8'), await layerError('int4')];
  assert.ok(eight < 0.015, `int8: ${eight}`);
  assert.ok(four < 0.13, `int4: ${four}`);
});

test('rows of zeros and single large values keep their values', () => {
  const weights = new Float32Array(3 * 128);
  weights[130] = -4;
  for (const quantise of [toInt4, toInt8]) {
    const { error } = quantise(weights, 128);
    assert.deepEqual([error.squares < 1e-9, error.total], [true, 16]);
  }
});

for (const dtype of ['F32', 'BF16'] as const)
  test(`the kernels round ${dtype} weights to the numbers of the plain way`, () => {
    const [rows, width] = [700, 640];
    const words = new Uint32Array(randomFloats(rows * width, 3).buffer);
    // Of a row of zeros, one of tiny values, and ties: halves of what a scale divides.
    words.fill(0, 0, width);
    words.fill(1, width, 2 * width);
    const ties = new Float32Array(words.buffer, 2 * width * 4, width);
    for (let i = 0; i < width; i++) ties[i] = (i % 17) / 2 - 4;
    if (dtype === 'BF16') for (let i = 0; i < words.length; i++) words[i]! &= 0xffff_0000;
    const values = new Float32Array(words.buffer);
    const stored = dtype === 'F32' ? words : Uint16Array.from(words, (word) => word >>> 16);
    const bytes = new Uint8Array(stored.buffer);
    const kernels = new RoundingKernels();
    assert.ok(RoundingKernels.fit(dtype, width, 'int4') && !RoundingKernels.fit(dtype, width + 4, 'int8'));
    for (const levels of [127, 63])
      for (const [fast, plain] of [
        [kernels.toInt4(bytes, dtype, width), toInt4(values, width)],
        [kernels.toInt8(bytes, dtype, width, levels), toInt8(values, width, levels)],
      ] as const) {
        assert.deepEqual(fast.numbers, plain.numbers);
        assert.deepEqual(fast.scales, plain.scales);
        for (const sum of ['squares', 'total'] as const)
          assert.ok(Math.abs(fast.error[sum] / plain.error[sum] - 1) < 1e-5, sum);
      }
  });

test('the kernels are those of their source', async () => {
  assert.equal(await assembleRounding(), ROUNDING_BASE64);
});

test('a compiled model draws a picture without its source; its weights are smaller', async () => {
  const source = join(parent, 'source');
  await cp(INTACT, source, { recursive: true });
  const folder = join(parent, 'compiled');
  const { compiledBytes, sourceBytes, errors } = await compileCheckpoint({ source, folder });
  await rm(source, { recursive: true });
  assert.ok(compiledBytes < sourceBytes, `${compiledBytes} of ${sourceBytes}`);
  assert.ok(errors.int4! < 0.15 && errors.int8! < 0.02, JSON.stringify(errors));
  const bench = new Workbench(await Model.open(folder, { threads: 1 }));
  const params = VERBS.create.params.parse({
    prompt: 'a boat',
    seed: 1,
    steps: 2,
    size: { width: 64, height: 64 },
  });
  const context = { emit: () => {}, signal: new AbortController().signal };
  const { pictures } = await create(bench, params, context);
  assert.equal(pictures[0]!.picture.width, 64);
  await bench.dispose();
});

test('stopped at any tensor and started again it gives the same bytes', async () => {
  const whole = join(parent, 'whole');
  await compileCheckpoint({ source: INTACT, folder: whole });
  for (const stopAfter of [1, 40, 150]) {
    const folder = join(parent, `stopped-${stopAfter}`);
    const controller = new AbortController();
    let told = 0;
    const onProgress = () => void (++told === stopAfter && controller.abort());
    await assert.rejects(
      compileCheckpoint({ source: INTACT, folder, signal: controller.signal, onProgress }),
      {
        code: 'cancelled',
      },
    );
    await compileCheckpoint({ source: INTACT, folder });
    for (const name of await readdir(whole)) {
      if (name === 'compiled.json') continue;
      assert.deepEqual(await readFile(join(folder, name)), await readFile(join(whole, name)), name);
    }
  }
});

test('a tiny decoder comes along as it is', async () => {
  const source = join(parent, 'with-tiny');
  await cp(INTACT, source, { recursive: true });
  await copyFile('test/unit/tiny-decoder/case.safetensors', join(source, TINY_DECODER_FILE));
  const folder = join(parent, 'compiled-with-tiny');
  await compileCheckpoint({ source, folder });
  const [before, after] = await Promise.all(
    [source, folder].map((place) => readFile(join(place, TINY_DECODER_FILE))),
  );
  assert.deepEqual(after, before);
});

test('a part of another source is not gone on with, and a compiled model is not compiled again', async () => {
  const folder = join(parent, 'mixed');
  const controller = new AbortController();
  const stop = () => controller.abort();
  const begun = compileCheckpoint({
    source: 'assets/model',
    folder,
    signal: controller.signal,
    onProgress: stop,
  });
  await assert.rejects(begun, { code: 'cancelled' });
  await compileCheckpoint({ source: INTACT, folder });
  const weights = 'model.safetensors';
  assert.deepEqual(await readFile(join(folder, weights)), await readFile(join(parent, 'whole', weights)));
  await assert.rejects(compileCheckpoint({ source: folder, folder: join(parent, 'twice') }), {
    message: /already/,
  });
});
