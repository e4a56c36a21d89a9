/** Picture files to other picture files. */
import sharp from 'sharp';

export interface PixelSize {
  width: number;
  height: number;
}

/** A preview as a PNG file of the size its picture would have had; absent = the preview's own size. */
export function enlargePreview(file: Uint8Array, size: PixelSize | undefined): Promise<Buffer> {
  const picture = sharp(file);
  return (size ? picture.resize(size.width, size.height, { fit: 'fill', kernel: 'cubic' }) : picture)
    .png()
    .toBuffer();
}

/** Pixels, upright. @throws Error if the file is no picture. */
export async function pixelSize(file: Uint8Array): Promise<PixelSize> {
  const { autoOrient } = await sharp(file).metadata();
  return { width: autoOrient.width, height: autoOrient.height };
}
