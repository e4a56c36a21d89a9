import { useState } from 'react';
import './live-picture.css';

interface Props {
  /** Address of the last preview; the picture before it fades out under it. */
  preview: string | undefined;
  /** Shown until there is a preview: what is being changed. */
  source?: string | undefined;
  alt: string;
  /** Plan rows are a mosaic on purpose. */
  coarse: boolean;
  width: number;
  height: number;
}

/** A picture while it is made, at its final size from the first frame. */
export function LivePicture({ preview, source, alt, coarse, width, height }: Props) {
  const before = useBefore(preview);
  return (
    <div className="live-picture" role="img" aria-label={alt} style={{ aspectRatio: `${width} / ${height}` }}>
      {!preview && source && <img className="live-picture-source" src={source} alt="" />}
      {before && <img className={coarse ? 'coarse' : ''} src={before} alt="" />}
      {preview && (
        <img key={preview} className={coarse ? 'coarse arriving' : 'arriving'} src={preview} alt="" />
      )}
    </div>
  );
}

/** The preview before this one. */
function useBefore(preview: string | undefined): string | undefined {
  const [shown, setShown] = useState<{ before: string | undefined; now: string | undefined }>({
    before: undefined,
    now: preview,
  });
  if (shown.now === preview) return shown.before;
  setShown({ before: shown.now, now: preview });
  return shown.now;
}
