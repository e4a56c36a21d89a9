import { useEffect, useState } from 'react';
import { pictureUrl } from '../../components/pictures.ts';
import { hexOf } from './colour.ts';

/** Reads colours of a picture; null until its pixels are there. */
export type ColourAt = (x: number, y: number) => string;

export function usePixels(versionId: string): ColourAt | null {
  const [pixels, setPixels] = useState<ImageData | null>(null);
  useEffect(() => {
    let isCurrent = true;
    // A picture that can't be read has no colours to take.
    readPixels(versionId)
      .then((read) => isCurrent && setPixels(read))
      .catch(() => {});
    return () => {
      isCurrent = false;
    };
  }, [versionId]);
  if (!pixels) return null;
  return (x, y) => {
    const at = (y * pixels.width + x) * 4;
    return hexOf(pixels.data[at]!, pixels.data[at + 1]!, pixels.data[at + 2]!);
  };
}

async function readPixels(versionId: string): Promise<ImageData> {
  const image = Object.assign(new Image(), { src: pictureUrl(versionId) });
  await image.decode();
  const { naturalWidth: width, naturalHeight: height } = image;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, width, height);
}
