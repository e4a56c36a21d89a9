import type { CSSProperties, ReactNode } from 'react';
import type { Version } from '../../../engine/studio-protocol.ts';
import { pictureUrl } from '../../components/pictures.ts';

/** The largest box of a version's shape that the stage has room for. */
export function Frame({ version, children }: { version: Version; children: ReactNode }) {
  const ratio = version.width / version.height;
  return (
    <div className="compare-frame" style={{ '--ratio': ratio } as CSSProperties}>
      {children}
    </div>
  );
}

export function Picture({ version, style }: { version: Version; style?: CSSProperties }) {
  return (
    <img
      className="compare-picture"
      src={pictureUrl(version.id)}
      alt={version.prompt}
      style={style}
      draggable={false}
    />
  );
}
