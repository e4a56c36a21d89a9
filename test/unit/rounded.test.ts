/** Pictures in 8-bit numbers, on the embedded model: near those of full precision, and the same whenever asked for. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { create } from '../../engine/create.ts';
import { decodePicture } from '../../engine/image/decode.ts';
import { Model } from '../../engine/load.ts';
import { type ParamsInput, VERBS } from '../../engine/protocol.ts';
import { Workbench } from '../../engine/workbench.ts';

let bench: Workbench;
before(async () => {
  bench = new Workbench(await Model.open(Model.resolve(undefined), { threads: 1 }));
});
after(() => bench.dispose());

async function pictures(settings: Partial<ParamsInput<'create'>>) {
  const asked = { prompt: 'a red apple', steps: 3, seed: 5, previews: false, ...settings };
  const context = { emit: () => {}, signal: new AbortController().signal };
  return (await create(bench, VERBS.create.params.parse(asked), context)).pictures;
}

async function difference(seed: number, rounded: 'steps' | 'everything'): Promise<number> {
  const [exact] = await pictures({ seed });
  const [made] = await pictures({ seed, rounded });
  assert.equal(exact!.recipe.rounded, 'nothing');
  assert.equal(made!.recipe.rounded, rounded);
  const a = await decodePicture(exact!.picture.bytes);
  const b = await decodePicture(made!.picture.bytes);
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
