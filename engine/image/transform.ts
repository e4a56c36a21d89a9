/** Changes of a picture file that need no model, and how its file is written again. */
import sharp, { type Sharp } from 'sharp';
import { encodeGeneratedPng } from './encode.ts';
import { badPicture, type Picture } from './picture.ts';

export type Transformation =
  | { kind: 'crop'; left: number; top: number; width: number; height: number }
  | { kind: 'rotate'; quarterTurns: number }
  | { kind: 'flip'; axis: 'horizontal' | 'vertical' };

const QUARTER_DEGREES = 90;

/** @param quarterTurns clockwise. @throws TuskError `bad-picture` if the crop isn't inside the picture. */
export async function transform(file: Uint8Array, change: Transformation): Promise<Picture> {
  const picture = sharp(file);
  const { width, height } = await picture.metadata();
  if (change.kind === 'rotate') return pixelsOf(picture.rotate(change.quarterTurns * QUARTER_DEGREES));
  if (change.kind === 'flip') return pixelsOf(change.axis === 'horizontal' ? picture.flop() : picture.flip());
  const { left, top } = change;
  const isInside = left >= 0 && top >= 0 && change.width >= 1 && change.height >= 1;
  if (!isInside || left + change.width > width || top + change.height > height)
    throw badPicture('The crop is not inside the picture.', `The picture has ${width} x ${height} pixels.`);
  return pixelsOf(picture.extract({ left, top, width: change.width, height: change.height }));
}

/** @param madeByModel what a model made goes on saying so. */
export async function encodePng(picture: Picture, madeByModel: boolean): Promise<Uint8Array> {
  if (madeByModel) return encodeGeneratedPng(picture);
  const { width, height, pixels } = picture;
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

export async function pixelsOf(picture: Sharp): Promise<Picture> {
  const { data, info } = await picture
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: new Uint8Array(data) };
}
