import { useRef } from 'react';
import { call } from '../../engine/studio.ts';
import { useWorkspace } from '../../stores/workspace.ts';

interface PromptHistory {
  /** 1 = older, -1 = newer; what was being written comes back at the end. */
  recall: (step: 1 | -1) => Promise<void>;
  /** Nothing is written yet, or only what was recalled: the plain arrows step too. */
  isBrowsing: (message: string) => boolean;
}

/** Steps through earlier messages. */
export function usePromptHistory(): PromptHistory {
  const place = useRef({ prompts: [] as string[], at: -1, draft: '' });
  const isRecalled = (message: string) => {
    const { prompts, at } = place.current;
    return at >= 0 && prompts[at] === message;
  };
  const recall = async (step: 1 | -1) => {
    const { message } = useWorkspace.getState();
    if (!isRecalled(message)) {
      const prompts = (await call('prompts.history', {}))?.prompts ?? [];
      place.current = { prompts: [...new Set(prompts)], at: -1, draft: message };
    }
    const { prompts, at, draft } = place.current;
    const next = Math.min(prompts.length - 1, Math.max(-1, at + step));
    place.current.at = next;
    useWorkspace.setState({ message: next < 0 ? draft : prompts[next]! });
  };
  return { recall, isBrowsing: (message) => message === '' || isRecalled(message) };
}
