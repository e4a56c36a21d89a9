import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { percent } from '../../components/format.ts';
import { pictureUrl } from '../../components/pictures.ts';
import type { Pair } from './CompareDialog.tsx';
import { differenceOf } from './difference.ts';
import { Frame } from './Frame.tsx';

/** Longer side of the map, pixels: enough to see, quick to compute. */
const MOST = 768;

/** Where and how much the two differ. */
export function Difference({ first, second }: Pair) {
  const { t, i18n } = useTranslation('compare');
  const canvas = useRef<HTMLCanvasElement>(null);
  const share = useDifference(canvas, first, second);
  const words = share === null ? t('comparing') : t('changed', { share: percent(share, i18n.language) });
  return (
    <>
      <Frame version={first}>
        <canvas ref={canvas} className="compare-picture" role="img" aria-label={`${t('map')}. ${words}`} />
      </Frame>
      <div className="compare-tools">
        <span>{t('same')}</span>
        <span className="compare-legend" aria-hidden="true" />
        <span>{t('different')}</span>
        <span role="status">{words}</span>
      </div>
    </>
  );
}

function useDifference(
  canvas: React.RefObject<HTMLCanvasElement | null>,
  first: Pair['first'],
  second: Pair['first'],
) {
  const [share, setShare] = useState<number | null>(null);
  useEffect(() => {
    let isCurrent = true;
    void draw(first, second).then((map) => {
      const target = canvas.current;
      if (!isCurrent || !target) return;
      Object.assign(target, { width: map.picture.width, height: map.picture.height });
      target.getContext('2d')!.putImageData(map.picture, 0, 0);
      setShare(map.changedShare);
    });
    return () => {
      isCurrent = false;
    };
  }, [canvas, first, second]);
  return share;
}

/** Both at the first one's shape. */
async function draw(first: Pair['first'], second: Pair['first']) {
  const scale = Math.min(1, MOST / Math.max(first.width, first.height));
  const size = [Math.round(first.width * scale), Math.round(first.height * scale)] as const;
  const pixels = await Promise.all([pixelsOf(first.id, size), pixelsOf(second.id, size)]);
  return differenceOf(...pixels);
}

async function pixelsOf(id: string, [width, height]: readonly [number, number]): Promise<ImageData> {
  const image = Object.assign(new Image(), { src: pictureUrl(id) });
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}
