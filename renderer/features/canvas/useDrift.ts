import { useEffect, useState } from 'react';
import type { StudioAnswer, Version } from '../../../engine/studio-protocol.ts';
import { call, request } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';

type Measured = StudioAnswer<'versions.drift'>;

export interface Drift {
  /** An edit can be held against its source. */
  isPossible: boolean;
  measured: Measured | null;
  /** Address of the heat map while it is shown. */
  heatMap: string | null;
  toggle: () => void;
}

/** With the drift guard on, an edit is measured as soon as it is seen. */
export function useDrift({ id, kind, parentId }: Version): Drift {
  const isGuarded = useStudio((state) => state.settings?.driftGuard ?? false);
  const [measured, setMeasured] = useState<Measured | null>(null);
  const [heatMap, setHeatMap] = useState<string | null>(null);
  const isPossible = parentId !== null && (kind === 'edit' || kind === 'blend');
  useEffect(() => {
    setHeatMap(null);
    setMeasured(null);
    if (!isGuarded || !isPossible) return;
    let isSeen = true;
    const keep = (found: Measured) => void (isSeen && setMeasured(found));
    // Who asks for the map is told what is wrong.
    request('versions.drift', { versionId: id }).then(keep, () => {});
    return () => {
      isSeen = false;
    };
  }, [id, isGuarded, isPossible]);
  useEffect(() => () => void (heatMap && URL.revokeObjectURL(heatMap)), [heatMap]);
  const show = async () => {
    const found = measured ?? (await call('versions.drift', { versionId: id }));
    if (!found) return;
    setMeasured(found);
    setHeatMap(URL.createObjectURL(new Blob([new Uint8Array(found.heatMap)], { type: 'image/png' })));
  };
  return {
    isPossible,
    measured,
    heatMap,
    toggle: () => (heatMap ? setHeatMap(null) : void show()),
  };
}
