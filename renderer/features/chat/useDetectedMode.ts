import { useEffect, useState } from 'react';
import type { StudioAnswer } from '../../../engine/studio-protocol.ts';
import { request } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';

export type Detected = StudioAnswer<'jobs.detect'>;

const PAUSE_MS = 120;
const NOTHING: Detected = { mode: 'create', why: '', unknownWords: [] };

/** What the studio would take the message for. It decides again when the message is sent, by the same rule. */
export function useDetectedMode(): Detected {
  const message = useWorkspace((state) => state.message);
  const targetIds = useWorkspace((state) => state.targetIds);
  const isOpen = useStudio((state) => state.ready && state.connection === 'open');
  const [detected, setDetected] = useState<Detected>(NOTHING);
  const isEmpty = message.trim() === '';
  useEffect(() => {
    if (!isOpen || isEmpty) return;
    let isCurrent = true;
    const detect = () =>
      request('jobs.detect', { message, targetIds }).then(
        (answer) => isCurrent && setDetected(answer),
        // A lost connection is told elsewhere; the chip keeps what it showed.
        () => undefined,
      );
    const timer = setTimeout(detect, PAUSE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [message, targetIds, isOpen, isEmpty]);
  return isEmpty ? { ...NOTHING, mode: targetIds.length > 0 ? 'edit' : 'create' } : detected;
}
