import sharp from 'sharp';

/** @param file a picture file. @param side pixels of the longer side at most. @returns a WebP file without notes. */
export function encodeThumbnail(file: Uint8Array, side: number): Promise<Buffer> {
  return sharp(file)
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 82 })
    .toBuffer();
}
