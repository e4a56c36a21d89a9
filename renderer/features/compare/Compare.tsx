import { useEffect } from 'react';
import type { Version } from '../../../engine/studio-protocol.ts';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';
import { CompareDialog } from './CompareDialog.tsx';

/** The two versions that `compareIds` names against each other. */
export function Compare() {
  const ids = useWorkspace((state) => state.compareIds);
  const first = useVersion(ids?.[0]);
  const second = useVersion(ids?.[1]);
  return first && second ? <CompareDialog first={first} second={second} /> : null;
}

/** From the mirror, else read from the studio. */
function useVersion(id: string | undefined): Version | undefined {
  const version = useStudio((state) => (id ? state.versions[id] : undefined));
  const isMissing = id !== undefined && version === undefined;
  useEffect(() => {
    if (isMissing) void readVersion(id);
  }, [isMissing, id]);
  return version;
}

async function readVersion(versionId: string): Promise<void> {
  const version = await call('versions.get', { versionId });
  if (version) useStudio.setState(({ versions }) => ({ versions: { ...versions, [versionId]: version } }));
  else useWorkspace.setState({ dialog: null });
}
