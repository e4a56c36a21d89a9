/** An edit made small is laid on the large picture it was made of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { blendBack, guardEdit, layBack, measureDrift } from '../../../engine/image/drift.ts';
import type { Picture } from '../../../engine/image/picture.ts';
import { resize } from '../../../engine/image/resize.ts';

/** Fine stripes, which no small picture can hold. */
function striped(width: number, height: number): Picture {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    Math.floor(i / 3) % 2 ? 150 : 130,
  );
  return { width, height, pixels };
}

async function withDisc({ width, height, pixels }: Picture): Promise<Picture> {
  const disc = `<svg width="${width}" height="${height}"><circle cx="${width / 4}" cy="${height / 4}" r="6" fill="#f00"/></svg>`;
  const drawn = sharp(pixels, { raw: { width, height, channels: 3 } }).composite([
    { input: Buffer.from(disc) },
  ]);
  return { width, height, pixels: new Uint8Array(await drawn.removeAlpha().raw().toBuffer()) };
}

const png = ({ width, height, pixels }: Picture) =>
  sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();

const at = ({ width, pixels }: Picture, x: number, y: number) => [
  ...pixels.subarray((y * width + x) * 3).subarray(0, 3),
];

for (const [width, height] of [
  [1_200, 800],
  [90, 400],
] as const)
  test(`what was changed comes onto ${width} x ${height}, and the rest stays to the pixel`, async () => {
    const source = striped(width, height);
    const seen = resize(source, { width: 64, height: 64 }, 'bicubic');
    const laid = await layBack(source, seen, await withDisc(seen));
    assert.deepEqual([laid.width, laid.height], [width, height]);
    const [red, green, blue] = at(laid, Math.floor(width / 4), height / 4);
    assert.ok(red! > 240 && green! < 15 && blue! < 15, `${red} ${green} ${blue}`);
    const below = Math.ceil(height / 2) * width * 3;
    assert.deepEqual(laid.pixels.subarray(below), source.pixels.subarray(below));
  });

test('of a thing that went away nothing stays, not even its edge, in the edit laid back or blended back', async () => {
  const seen = striped(256, 256);
  const before = await withDisc(seen);
  const source = resize(before, { width: 400, height: 300 }, 'bicubic');
  const isReddish = (picture: Picture) =>
    Array.from({ length: picture.width * picture.height }, (_, i) => i * 3).some(
      (i) => picture.pixels[i]! - picture.pixels[i + 1]! > 20,
    );
  assert.ok(isReddish(source));
  assert.ok(!isReddish(await layBack(source, before, seen)));
  assert.ok(!isReddish(await blendBack(await png(before), await png(seen), 1)));
});

test('a changed style changes the whole picture; an edit without a change is the source', async () => {
  const source = striped(200, 100);
  const seen = resize(source, { width: 64, height: 64 }, 'bicubic');
  const dark: Picture = { ...seen, pixels: seen.pixels.map((level) => level >> 2) };
  assert.ok((await layBack(source, seen, dark)).pixels.every((level) => level < 60));
  assert.deepEqual((await layBack(source, seen, seen)).pixels, source.pixels);
});

/** The lower third up and down by a few levels, as another pass of the networks leaves a picture. */
const drifted = ({ width, height, pixels }: Picture): Picture => ({
  ...{ width, height },
  pixels: pixels.map((level, i) => {
    if (i < pixels.length * (2 / 3)) return level;
    return level + (Math.floor(i / 60) % 2 ? 10 : -10);
  }),
});

test('of a local edit the guard brings back what drifted, to the pixel, and leaves the change', async () => {
  const source = striped(128, 128);
  const edit = drifted(await withDisc(source));
  const measured = await measureDrift(await png(source), await png(edit));
  assert.ok(measured.isLocal && measured.outsideShare > 0.2, `${measured.outsideShare}`);
  const guarded = await guardEdit(await png(source), await png(edit));
  assert.deepEqual(at(guarded!, 32, 32), at(edit, 32, 32));
  assert.deepEqual(at(guarded!, 100, 100), at(source, 100, 100));
});

test('nothing is brought back of a changed style, tone or ground, of an edit too slight to be told from drift, of an exact one', async () => {
  const source = striped(128, 128);
  const disc = await withDisc(source);
  const toned = (levels: number, picture = disc): Picture => ({
    ...picture,
    pixels: picture.pixels.map((level) => Math.min(255, level + levels)),
  });
  const edits = { style: toned(90), tone: toned(12), slight: toned(12, source), exact: disc, none: source };
  for (const [name, edit] of Object.entries(edits))
    assert.equal(await guardEdit(await png(source), await png(edit)), undefined, name);
});
