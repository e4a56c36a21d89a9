/** A picture's recipe taken up again, whole or in part. */
import type { Version } from '../../engine/studio-protocol.ts';
import { useWorkspace } from '../stores/workspace.ts';
import { copyText } from './shell.ts';

/** Composes a picture's recipe anew. @param sameSeed otherwise each message gets a new one. */
export function applyRecipe(version: Version, sameSeed: boolean): void {
  useWorkspace.setState({
    view: 'studio',
    pane: 'thread',
    message: version.prompt,
    pictureSettings: version.settings,
    seed: sameSeed ? version.seed : null,
    modeOverride: version.kind === 'edit' ? 'edit' : 'create',
    targetIds:
      version.kind === 'edit' && version.parentId
        ? [version.parentId, ...version.referenceIds].reverse()
        : [],
  });
}

/** The prompt alone; settings, seed and target stay. */
export function takePrompt({ prompt }: Version): void {
  useWorkspace.setState({ message: prompt });
}

/** Keeps this picture's seed for the messages to come. Pictures brought in have none. */
export function takeSeed({ seed }: Version): void {
  if (seed !== null) useWorkspace.setState({ seed });
}

export function copyRecipe(rows: readonly { name: string; value: string }[], copied: string): Promise<void> {
  return copyText(rows.map(({ name, value }) => `${name}: ${value}`).join('\n'), copied);
}
