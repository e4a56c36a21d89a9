import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { decodePicture } from '../../../engine/image/decode.ts';
import {
  encodeGeneratedPng,
  encodePreview,
  MADE_BY_MODEL,
  readRecipe,
} from '../../../engine/image/encode.ts';
import { readTexts, withTexts } from '../../../engine/image/png-text.ts';
import { parseRecipeText, recipeText } from '../../../engine/image/recipe-text.ts';
import { pattern } from './files.ts';

const picture = pattern(48, 32);
const recipe = {
  verb: 'create',
  prompt: 'a red boat, on a lake: calm',
  negative: 'blurry',
  seed: Number.MAX_SAFE_INTEGER,
  width: 48,
  height: 32,
  grid: { rows: 10, columns: 12 },
  steps: 24,
  solver: 'second-order' as const,
  guidance: 4.5,
  imageGuidance: 1,
  planGuidance: 7,
  model: 'Tusk mini, first: "A"',
  modelFingerprint: '0123456789abcdef',
};

test('the recipe comes back whole, whatever the prompt', async () => {
  const prompts = [
    'a red boat',
    'zwei\nZeilen',
    '一只小猫 😀',
    'Negative prompt: x\nSteps: 1, Seed: 2, Size: 3x3',
    '\u0080\u0007',
  ];
  for (const prompt of prompts) {
    const file = await encodeGeneratedPng(picture, { ...recipe, prompt });
    assert.deepEqual(readRecipe(file).recipe, { ...recipe, prompt });
    assert.deepEqual((await decodePicture(file)).pixels, picture.pixels);
  }
});

test('other programs find a parameters text of Latin letters in a tEXt chunk', async () => {
  const file = Buffer.from(await encodeGeneratedPng(picture, recipe));
  assert.ok(
    file.includes('tEXtparameters\0a red boat, on a lake: calm\nNegative prompt: blurry\nSteps: 24, '),
  );
  const { text } = readRecipe(file);
  assert.equal(text?.prompt, recipe.prompt);
  assert.equal(text?.negative, 'blurry');
  assert.equal(text?.settings.Seed, String(recipe.seed));
  assert.equal(text?.settings.Size, '48x32');
  assert.equal(text?.settings.Sampler, 'Adams-Bashforth 2');
  assert.equal(text?.settings['Drift guard'], undefined);
  assert.match(recipeText({ ...recipe, laidBack: true }), /Drift guard: on/);
  assert.equal(text?.settings.Model, recipe.model);
});

test('every picture says a model made it, and libvips reads that', async () => {
  const file = await encodeGeneratedPng(picture);
  assert.deepEqual([...readTexts(file).keys()], ['XML:com.adobe.xmp']);
  const { xmp } = await sharp(file).metadata();
  assert.ok(xmp?.toString().includes(`Iptc4xmpExt:DigitalSourceType="${MADE_BY_MODEL}"`));
  assert.deepEqual(readRecipe(file), { recipe: undefined, text: undefined });
});

test("another program's text is understood", () => {
  const foreign =
    'a cat\nwith a hat\nNegative prompt: dog,\nbird\nSteps: 20, Sampler: DPM++ 2M, Seed: 7, Note: "a, b"';
  assert.deepEqual(parseRecipeText(foreign), {
    prompt: 'a cat\nwith a hat',
    negative: 'dog,\nbird',
    settings: { Steps: '20', Sampler: 'DPM++ 2M', Seed: '7', Note: 'a, b' },
  });
  assert.deepEqual(parseRecipeText('just words: nothing else'), {
    prompt: 'just words: nothing else',
    negative: '',
    settings: {},
  });
});

test('an empty negative prompt leaves its line out', () => {
  assert.equal(recipeText({ ...recipe, negative: '' }).split('\n').length, 2);
});

test('compressed texts are read, bombs and damage are not', async () => {
  const plain = Buffer.from(await encodeGeneratedPng(picture));
  const disguised = (type: string, content: Buffer) => {
    const file = withTexts(plain, { x: 'x'.repeat(content.length - 2) });
    const at = file.indexOf('tEXtx\0');
    file.write(type, at);
    content.copy(file, at + 4);
    return readTexts(file);
  };
  const inner = (text: string) => Buffer.concat([Buffer.from('key\0\0'), deflateSync(text)]);
  assert.equal(disguised('zTXt', inner('hello hello hello')).get('key'), 'hello hello hello');
  assert.equal(disguised('zTXt', inner('x'.repeat(2 ** 24))).has('key'), false);
  assert.equal(disguised('iTXt', Buffer.from('key\0\0\0\0\0grüße')).get('key'), 'grüße');
  assert.equal(disguised('iTXt', Buffer.from('key without an end')).size, 1);
});

test('any file may be asked for its recipe', async () => {
  const file = await encodeGeneratedPng(picture, recipe);
  for (let length = 0; length < file.length; length += 7) readRecipe(file.subarray(0, length));
  assert.deepEqual(readRecipe(Buffer.from('GIF89a')), { recipe: undefined, text: undefined });
  const broken = Buffer.from(file);
  broken.write('}', broken.indexOf('tEXttusk') + 9);
  assert.equal(readRecipe(broken).recipe, undefined);
});

test('previews are small, keep the aspect ratio and never grow', async () => {
  for (const format of ['png', 'jpeg'] as const) {
    const { width, height, format: found } = await sharp(await encodePreview(picture, 24, format)).metadata();
    assert.deepEqual([width, height, found], [24, 16, format]);
  }
  const { width } = await sharp(await encodePreview(picture, 512)).metadata();
  assert.equal(width, 48);
});
