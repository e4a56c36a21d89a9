/** Pictures in 8-bit numbers, on the embedded model: near those of full precision, and the same whenever asked for. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chat } from '../../engine/chat.ts';
import { create } from '../../engine/create.ts';
import { compileCheckpoint } from '../../engine/hub/compile.ts';
import { decodePicture } from '../../engine/image/decode.ts';
import { Model } from '../../engine/load.ts';
import { type ParamsInput, type Progress, VERBS } from '../../engine/protocol.ts';
import { Workbench } from '../../engine/workbench.ts';

let bench: Workbench;
const loaded: string[] = [];
before(async () => {
  bench = new Workbench(await Model.open(Model.resolve(undefined), { threads: 1 }));
});
after(() => bench.dispose());

const context = {
  emit: (event: Progress) => void (event.event === 'loading' && loaded.push(event.what)),
  signal: new AbortController().signal,
};

async function pictures(settings: Partial<ParamsInput<'create'>>, on = bench) {
  const asked = { prompt: 'a red apple', steps: 3, seed: 5, previews: false, ...settings };
  return (await create(on, VERBS.create.params.parse(asked), context)).pictures;
}

async function difference(seed: number, rounded: 'steps' | 'everything'): Promise<number> {
  const [exact] = await pictures({ seed });
  const [made] = await pictures({ seed, rounded });
  assert.equal(exact!.recipe.rounded, 'nothing');
  assert.equal(made!.recipe.rounded, rounded);
  return meanDifference(exact!.picture.bytes, made!.picture.bytes);
}

/** Of two pictures' bytes: by how many of 255 their values differ. */
async function meanDifference(one: Uint8Array, other: Uint8Array): Promise<number> {
  const [a, b] = [await decodePicture(one), await decodePicture(other)];
  return a.pixels.reduce((sum, value, i) => sum + Math.abs(value - b.pixels[i]!), 0) / a.pixels.length;
}

test('a picture of rounded steps is near the exact one, is not the exact one, and says so in its recipe', async () => {
  const mean = await difference(5, 'steps');
  assert.ok(mean > 0 && mean < 6, `they differ by ${mean} of 255 on average`);
});

test('a rounded plan now and then draws another token; most pictures stay near the exact ones', async () => {
  const means: number[] = [];
  for (let seed = 1; seed <= 5; seed++) means.push(await difference(seed, 'everything'));
  means.sort((x, y) => x - y);
  assert.ok(means[0]! > 0 && means[2]! < 6, `they differ by ${means} of 255 on average`);
});

test('each of several rounded pictures is the one its seed gives alone', async () => {
  const [, second] = await pictures({ rounded: 'everything', images: 2 });
  const [alone] = await pictures({ rounded: 'everything', seed: 6 });
  assert.deepEqual(second!.picture.bytes, alone!.picture.bytes);
});

test('a large checkpoint is rounded by its compiled copy; questions then need nothing else, exact pictures stay exact', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tusk-rounded-'));
  const source = Model.resolve(undefined);
  const compile = async () => (await compileCheckpoint({ source, folder: join(folder, 'copy') })).folder;
  const large = new Workbench(await Model.open(source, { threads: 1, largeFrom: 1, compile }));
  try {
    const bytesOf = async (rounded: 'nothing' | 'steps' | 'everything') => {
      const [made] = await pictures({ rounded }, large);
      assert.equal(made!.recipe.rounded, rounded);
      return made!.picture.bytes;
    };
    const [exact] = await pictures({});
    const plain = await bytesOf('nothing');
    assert.ok((await meanDifference(plain, exact!.picture.bytes)) < 0.1);
    const mean = await meanDifference(plain, await bytesOf('steps'));
    assert.ok(mean > 0 && mean < 6, `they differ by ${mean} of 255 on average`);
    const rounded = await bytesOf('everything');
    assert.notDeepEqual(rounded, plain);
    const copy = new Workbench(await Model.open(join(folder, 'copy'), { threads: 1 }));
    const [direct] = await pictures({}, copy).finally(() => copy.dispose());
    const kernels = await meanDifference(rounded, direct!.picture.bytes);
    assert.ok(kernels < 0.1, `its kernels are other ones than those of the copy itself: ${kernels}`);
    loaded.length = 0;
    const picture = { type: 'picture', picture: { bytes: rounded } } as const;
    const messages = [{ role: 'user', content: [picture, { type: 'text', text: 'what is it?' }] }] as const;
    await chat(large, VERBS.chat.params.parse({ messages }), context);
    assert.deepEqual(loaded, []);
    assert.deepEqual(await bytesOf('nothing'), plain);
  } finally {
    await large.dispose();
    await rm(folder, { recursive: true });
  }
});
