import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { TuskError } from '../../../engine/errors.ts';
import { decodePicture, readPicture } from '../../../engine/image/decode.ts';
import { asSharp, isBadPicture, pattern } from './files.ts';

const PICTURES = new URL('../../parity/alpha/pictures/', import.meta.url);
const picture = pattern(40, 30);

/** A PNG with the given header and image data, however absurd. */
function png(width: number, height: number, depth: number, colourType: number, data: Uint8Array): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType], 8);
  const chunks = { IHDR: header, IDAT: deflateSync(data), IEND: Buffer.alloc(0) };
  const parts = Object.entries(chunks).flatMap(([type, content]) => {
    const body = Buffer.concat([Buffer.from(type), content]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(content.length);
    check.writeUInt32BE(crc32(body));
    return [length, body, check];
  });
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]);
}

test('lossless formats come back to the bit', async () => {
  const files = [
    asSharp(picture).png(),
    asSharp(picture).png({ progressive: true }),
    asSharp(picture).webp({ lossless: true }),
  ];
  for (const file of files)
    assert.deepEqual((await decodePicture(await file.toBuffer())).pixels, picture.pixels);
});

test('grey becomes three equal channels', async () => {
  const grey = await decodePicture(png(2, 1, 8, 0, Uint8Array.of(0, 10, 200)));
  assert.deepEqual([...grey.pixels], [10, 10, 10, 200, 200, 200]);
});

test('RGBA is laid on white, the transparency of other kinds is dropped', async () => {
  const rgba = await decodePicture(
    png(3, 1, 8, 6, Uint8Array.of(0, 9, 0, 0, 0, 100, 7, 7, 128, 8, 9, 10, 255)),
  );
  assert.deepEqual([...rgba.pixels], [255, 255, 255, 177, 131, 131, 8, 9, 10]);
  const greyAlpha = await decodePicture(png(1, 1, 8, 4, Uint8Array.of(0, 70, 0)));
  assert.deepEqual([...greyAlpha.pixels], [70, 70, 70]);
  const deepGreyAlpha = await decodePicture(png(1, 1, 16, 4, Uint8Array.of(0, 70, 0, 0, 0)));
  assert.deepEqual([...deepGreyAlpha.pixels], [255, 255, 255]);
});

test('16 bits keep their upper byte', async () => {
  const deep = await decodePicture(png(1, 1, 16, 2, Uint8Array.of(0, 1, 255, 2, 128, 3, 0)));
  assert.deepEqual([...deep.pixels], [1, 2, 3]);
});

test('a picture is turned upright', async () => {
  const quarter = await asSharp(picture).png().withMetadata({ orientation: 6 }).toBuffer();
  const upright = await decodePicture(quarter);
  assert.deepEqual([upright.width, upright.height], [30, 40]);
  assert.deepEqual(upright.pixels.slice(29 * 3, 30 * 3), picture.pixels.slice(0, 3));
});

test('the colour profile is ignored, as the reference ignores it', async () => {
  const plain = await asSharp(picture).png().toBuffer();
  const tagged = await asSharp(picture).withIccProfile('p3', { attach: true }).png().toBuffer();
  const stored = await sharp(tagged, { ignoreIcc: true }).raw().toBuffer();
  assert.notDeepEqual(tagged, plain);
  assert.deepEqual((await decodePicture(tagged)).pixels, new Uint8Array(stored));
});

test('what is no picture is refused in plain words', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>1</script></svg>';
  const gif = await asSharp(picture).gif().toBuffer();
  const bad: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /0 bytes/],
    [Buffer.from('<html>hello</html>'), /isn't a picture/],
    [Buffer.from(svg), /svg/],
    [gif, /gif/],
    [new Uint8Array(5_000), /isn't a picture/],
    [png(0, 0, 8, 2, new Uint8Array(0)), /isn't a picture/],
  ];
  for (const [bytes, words] of bad) await assert.rejects(decodePicture(bytes), isBadPicture(words));
});

test('a file cut at any sixteenth is refused', async () => {
  const files = [
    await readFile(new URL('plain.png', PICTURES)),
    await asSharp(picture).jpeg().toBuffer(),
    await asSharp(picture).webp({ lossless: true }).toBuffer(),
  ];
  for (const file of files) {
    for (let part = 1; part < 16; part++) {
      const cut = file.subarray(0, Math.floor((file.length * part) / 16));
      await assert.rejects(decodePicture(cut), isBadPicture(/isn't a picture|damaged or cut off/));
    }
  }
});

test('too many pixels are refused from the header alone', async () => {
  const nothing = new Uint8Array(1);
  const before = process.memoryUsage().rss;
  await assert.rejects(decodePicture(png(20_000, 20_000, 8, 2, nothing)), isBadPicture(/20000 x 20000/));
  await assert.rejects(decodePicture(png(14_000, 14_000, 1, 0, nothing)), isBadPicture(/14000 x 14000/));
  assert.ok(process.memoryUsage().rss - before < 100e6);
});

test('a path tells what is wrong with it', async () => {
  const missing = (error: unknown) => error instanceof TuskError && error.code === 'not-found';
  await assert.rejects(readPicture('/no/such/picture.png'), missing);
  await assert.rejects(readPicture('/'), isBadPicture(/isn't a file/));
});
