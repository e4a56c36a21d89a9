import { useEffect, useState } from 'react';
import type { StudioAnswer, Version } from '../../../engine/studio-protocol.ts';
import { call } from '../../engine/studio.ts';

type Measured = StudioAnswer<'versions.drift'>;

export interface Drift {
  /** An edit can be held against its source. */
  isPossible: boolean;
  measured: Measured | null;
  /** Address of the heat map while it is shown. */
  heatMap: string | null;
  toggle: () => void;
}

export function useDrift({ id, kind, parentId }: Version): Drift {
  const [shown, setShown] = useState<{ measured: Measured; heatMap: string } | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another picture has another map
  useEffect(() => setShown(null), [id]);
  useEffect(() => () => void (shown && URL.revokeObjectURL(shown.heatMap)), [shown]);
  const measure = async () => {
    const measured = await call('versions.drift', { versionId: id });
    if (!measured) return;
    const heatMap = URL.createObjectURL(new Blob([new Uint8Array(measured.heatMap)], { type: 'image/png' }));
    setShown({ measured, heatMap });
  };
  return {
    isPossible: parentId !== null && (kind === 'edit' || kind === 'blend'),
    measured: shown?.measured ?? null,
    heatMap: shown?.heatMap ?? null,
    toggle: () => (shown ? setShown(null) : void measure()),
  };
}
