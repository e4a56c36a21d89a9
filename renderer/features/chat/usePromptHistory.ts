import { useRef } from 'react';
import { call } from '../../engine/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';

/** Steps through earlier messages: 1 = older, -1 = newer; what was being written comes back at the end. */
export function usePromptHistory(): (step: 1 | -1) => Promise<void> {
  const place = useRef({ prompts: [] as string[], at: -1, draft: '' });
  return async (step) => {
    const { message } = useWorkspace.getState();
    const shown = place.current;
    const isOurs = shown.at >= 0 && shown.prompts[shown.at] === message;
    if (!isOurs) {
      const prompts = (await call('prompts.history', {}))?.prompts ?? [];
      place.current = { prompts: [...new Set(prompts)], at: -1, draft: message };
    }
    const { prompts, at, draft } = place.current;
    const next = Math.min(prompts.length - 1, Math.max(-1, at + step));
    place.current.at = next;
    useWorkspace.setState({ message: next < 0 ? draft : prompts[next]! });
  };
}
