/**
 * `npm run icons`: the app's icon in every form that systems ask for, from assets/icons/icon.svg. To be run after the
 * drawing changed; what it writes is committed.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

const FOLDER = 'assets/icons';
const LINUX_SIDES = [16, 32, 48, 64, 128, 256, 512];
const WINDOWS_SIDES = [16, 24, 32, 48, 64, 128, 256];
/** Apple's names for PNGs by their side. */
const MAC_TYPES: Readonly<Record<string, number>> = {
  icp4: 16,
  icp5: 32,
  ic07: 128,
  ic08: 256,
  ic09: 512,
  ic10: 1024,
};
/** macOS leaves room around the plate: 824 of 1024. */
const MAC_PLATE = 824 / 1024;
const DRAWN_SIDE = 512;
const DOTS_PER_INCH = 72;

const drawing = await readFile(join(FOLDER, 'icon.svg'));

/** @param plate share of the side that the drawing takes. */
async function png(side: number, plate = 1): Promise<Buffer> {
  const inner = Math.round(side * plate);
  const before = Math.floor((side - inner) / 2);
  const after = side - inner - before;
  const background = { r: 0, g: 0, b: 0, alpha: 0 };
  return sharp(drawing, { density: (DOTS_PER_INCH * inner) / DRAWN_SIDE })
    .resize(inner, inner)
    .extend({ top: before, left: before, bottom: after, right: after, background })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** A directory of PNGs: for each its side (256 is written 0), 32 bits a pixel, length and place. */
function ico(pictures: readonly { side: number; bytes: Buffer }[]): Buffer {
  const head = Buffer.alloc(6 + 16 * pictures.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(pictures.length, 4);
  let place = head.length;
  for (const [index, { side, bytes }] of pictures.entries()) {
    const at = 6 + 16 * index;
    head.writeUInt8(side % 256, at);
    head.writeUInt8(side % 256, at + 1);
    head.writeUInt16LE(1, at + 4);
    head.writeUInt16LE(32, at + 6);
    head.writeUInt32LE(bytes.length, at + 8);
    head.writeUInt32LE(place, at + 12);
    place += bytes.length;
  }
  return Buffer.concat([head, ...pictures.map(({ bytes }) => bytes)]);
}

/** Chunks of type, length and PNG, in one chunk of their own. */
function icns(pictures: readonly { type: string; bytes: Buffer }[]): Buffer {
  return chunk('icns', Buffer.concat(pictures.map(({ type, bytes }) => chunk(type, bytes))));
}

function chunk(type: string, bytes: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32BE(head.length + bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

await mkdir(join(FOLDER, 'linux'), { recursive: true });
for (const side of LINUX_SIDES)
  await writeFile(join(FOLDER, 'linux', `${side}x${side}.png`), await png(side));
const forWindows = WINDOWS_SIDES.map(async (side) => ({ side, bytes: await png(side) }));
await writeFile(join(FOLDER, 'icon.ico'), ico(await Promise.all(forWindows)));
const forMac = Object.entries(MAC_TYPES).map(async ([type, side]) => ({
  type,
  bytes: await png(side, MAC_PLATE),
}));
await writeFile(join(FOLDER, 'icon.icns'), icns(await Promise.all(forMac)));
