/** What can be done with chosen pictures. */
import type { Version } from '../../../engine/studio-protocol.ts';
import { newChat, openChat } from '../../engine/actions.ts';
import { call } from '../../engine/studio.ts';
import { useStudio } from '../../stores/studio.ts';
import { selectVersion, useWorkspace } from '../../stores/workspace.ts';

/** Shows a picture on the canvas, in the chat it belongs to. */
export async function openVersion(version: Version): Promise<void> {
  if (version.chatId) await openChat(version.chatId);
  else newChat();
  useStudio.setState(({ versions }) => ({ versions: { ...versions, [version.id]: version } }));
  useWorkspace.setState({ view: 'studio' });
  selectVersion(version.id);
}

/** Makes a picture what the next message changes. */
export async function editVersion(version: Version): Promise<void> {
  await openVersion(version);
  useWorkspace.setState({ modeOverride: 'edit', pane: 'thread' });
  requestAnimationFrame(() => document.querySelector<HTMLTextAreaElement>('.composer textarea')?.focus());
}

/** Stars all, or takes the stars away when all have one. */
export async function starVersions(versions: readonly Version[]): Promise<void> {
  const starred = versions.some((version) => !version.starred);
  for (const version of versions) await call('versions.star', { versionId: version.id, starred });
}

export async function restoreVersions(versions: readonly Version[]): Promise<void> {
  await call('versions.restore', { versionIds: versions.map(({ id }) => id) });
}
