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

/** Pixels, upright. @throws Error if it is no PNG file, whatever its name. */
export async function pixelSize(file: Uint8Array): Promise<PixelSize> {
  const { autoOrient, format } = await sharp(file).metadata();
  if (format !== 'png') throw new Error(`a ${format} file`);
  return { width: autoOrient.width, height: autoOrient.height };
}
