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
  const [found, setFound] = useState<{ id: string; measured: Measured } | null>(null);
  const [map, setMap] = useState<{ id: string; address: string } | null>(null);
  const measured = found?.id === id ? found.measured : null;
  const heatMap = map?.id === id ? map.address : null;
  const isPossible = parentId !== null && (kind === 'edit' || kind === 'blend');
  useEffect(() => {
    setMap(null);
    setFound(null);
    if (!isGuarded || !isPossible) return;
    let isSeen = true;
    const keep = (measured: Measured) => void (isSeen && setFound({ id, measured }));
    // Who asks for the map is told what is wrong.
    request('versions.drift', { versionId: id }).then(keep, () => {});
    return () => {
      isSeen = false;
    };
  }, [id, isGuarded, isPossible]);
  useEffect(() => () => void (map && URL.revokeObjectURL(map.address)), [map]);
  const show = async () => {
    const shown = measured ?? (await call('versions.drift', { versionId: id }));
    if (!shown) return;
    const file = new Blob([new Uint8Array(shown.heatMap)], { type: 'image/png' });
    setFound({ id, measured: shown });
    setMap({ id, address: URL.createObjectURL(file) });
  };
  return {
    isPossible,
    measured,
    heatMap,
    toggle: () => (heatMap ? setMap(null) : void show()),
  };
}
